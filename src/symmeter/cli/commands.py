"""The commands by name, with what each does: one is imported when it is meant."""

COMMANDS = {
    "measure": "measure how far a model is from a symmetry, with error, floor and control",
    "layers": "attribute the equivariance error to the layers of a model: parts that add up to the whole",
    "cure": "find what lowers the error of a model: remedies, predicted from its layers and tried on a copy",
    "robustness": "measure a model on data corrupted more and more: error, stability, accuracy against strength",
    "compare": "compare models image by image: ratios of their errors, with intervals",
    "sweep": "measure many models on one data set, into a store that survives anything",
    "plot": "draw saved results: figures for a paper, of one model or of several on one axis",
    "report": "write the report of a store or of saved results: findings, charts, ranking and comparison in one file",
    "cite": "print BibTeX: of the tool, and of the definitions that saved results used",
    "list": "list what can be named on the command line",
    "demo": "train three small networks here and measure them: a minute, no downloads",
}
MEASURING = (
    "measure",
    "layers",
    "cure",
    "robustness",
    "compare",
    "sweep",
)  # have a flag for each option of the kind of data
