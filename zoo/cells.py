"""From networks to the cells of a sweep: each network with its weights and with random ones, and its layers."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from symmeter.errors import SymmeterError
from symmeter.sweeps.list_columns import Entry
from symmeter.sweeps.plan import Cell, Spec, plan
from zoo.data import DATA
from zoo.entries import Measurement, Network
from zoo.places import Places
from zoo.weights import weights_file

TRAINED, TWIN = "trained", "twin"


@dataclass
class Planned:
    """Cells, and why some networks have none, by their names."""

    cells: list[Cell] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


def planned(networks: tuple[Network, ...], places: Places, quick: bool = False) -> Planned:
    """The cells of all networks; what one of them lacks is noted, and costs no other one its place."""
    found = Planned()
    for network in networks:
        try:
            found.cells += cells_of(network, places, quick)
        except (SymmeterError, ImportError, OSError, ValueError) as error:
            found.missing[network.name] = str(error)
    return found


def cells_of(network: Network, places: Places, quick: bool = False) -> list[Cell]:
    """All cells of one network: its data and its file of weights are made where they are not there."""
    data = str(DATA[network.data](places))
    entries = list(entries_of(network, places))
    cells: list[Cell] = []
    for whole in network.measurements:
        measurement = whole.quick() if quick else whole
        for entry in entries:
            cells += plan([entry], data, _spec(network, measurement, entry.tags["weights_are"] == TRAINED))
        if measurement.layers:
            cells.append(_layers(network, measurement, entries[0], data))
    return cells


def entries_of(network: Network, places: Places) -> Iterator[Entry]:
    """The network with its weights, and its twin where it has one."""
    model = network.model.replace("SHARED", str(places.shared))
    file = None if network.weights is None else str(weights_file(network.weights, places))
    tags = {"network": network.name, "field": network.kind}
    common = {"domain": network.domain, "inputs": network.inputs, "options": network.options}
    yield Entry(model, network.name, file, model_kwargs=dict(network.kwargs), tags={**tags, "weights_are": TRAINED},
                **common)  # fmt: skip
    if network.twin is not None:
        own = {} if network.weights else {"trained": False}
        yield Entry(model, f"{network.name}, twin", None, untrained=True, model_kwargs={**network.kwargs, **own},
                    tags={**tags, "weights_are": TWIN}, **common)  # fmt: skip


def _spec(network: Network, measurement: Measurement, trained: bool) -> Spec:
    return Spec(
        symmetry=measurement.symmetry,
        measure=measurement.measure,
        output=measurement.output,
        samples=measurement.samples if trained else measurement.twin,
        control=measurement.control,
        elements=measurement.elements,
        sampling=measurement.sampling,
        domain=network.domain,
        inputs=network.inputs,
        options={**network.options, **measurement.options},
    )


def _layers(network: Network, measurement: Measurement, entry: Entry, data: str) -> Cell:
    """The cell that says which layers make the error, of fewer items."""
    spec = _spec(network, measurement, True)
    spec = Spec(**{**vars(spec), "samples": measurement.layers, "elements": None, "measure": None})
    (cell,) = plan([entry], data, spec.along_generators(data))
    return cell
