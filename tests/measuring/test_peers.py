"""Against networks of others: e2cnn's steerable ones."""

import pytest
from studies.steerable import discs
from torch import nn

import symmeter

pytestmark = pytest.mark.filterwarnings("ignore")
e2cnn = pytest.importorskip("e2cnn", reason="needs e2cnn, a tool of development")


@pytest.mark.parametrize("order", [4, 8])
def test_e2cnns_regular_features_are_ours_and_keep_their_promise(order):
    from e2cnn import gspaces
    from e2cnn import nn as e2

    space = gspaces.Rot2dOnR2(order)
    image, hidden = e2.FieldType(space, [space.trivial_repr]), e2.FieldType(space, 3 * [space.regular_repr])

    class Steerable(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.act = e2.R2Conv(image, hidden, 7, padding=3), e2.ReLU(hidden)
            self.second = e2.R2Conv(hidden, hidden, 7, padding=3)

        def forward(self, x):
            return self.second(self.act(self.first(e2.GeometricTensor(x, image)))).tensor

    net = Steerable().eval()
    result = symmeter.measure(
        net, discs(4).float(), f"C{order}", "relative_error", f"logits:regular(C{order})", progress=False
    )
    by_name = {row.element: row.value for row in result.elements}
    assert by_name["rotate 90"] < 1e-6
    assert order == 4 or 1e-4 < by_name["rotate 45"] < 0.1  # filters on a grid
    spatial = symmeter.measure(
        net, discs(4).float(), f"C{order}", "relative_error", "logits:equivariant", progress=False
    )
    assert spatial.rows[0].value > 0.1
