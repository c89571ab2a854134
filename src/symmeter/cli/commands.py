"""The commands by name, with what each does: one is imported when it is meant."""

COMMANDS = {
    "measure": "measure how far a model is from a symmetry, with error, floor and control",
    "layers": "attribute the equivariance error to the layers of a model: parts that add up to the whole",
    "compare": "compare models image by image: ratios of their errors, with intervals",
    "sweep": "measure many models on one data set, into a store that survives anything",
    "report": "write the report of a store: one HTML file with findings, charts, ranking and comparison",
    "list": "list what can be named on the command line",
    "demo": "train three small networks here and measure them: a minute, no downloads",
}
MEASURING = ("measure", "layers", "compare", "sweep")  # have a flag for each option of the kind of data
