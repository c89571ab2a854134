"""Small networks on points and graphs whose symmetries are known, each with a twin that is broken in one place."""

import torch
from torch import Tensor, nn

KINDS, WIDTH = 10, 8


class DeepSet(nn.Module):
    """Each point by itself, together with the mean over all (Zaheer et al. 2017); `pooled` over the points at the end.

    Broken: the first point stands in for the mean.
    """

    def __init__(self, pooled: bool = False, broken: bool = False):
        super().__init__()
        torch.manual_seed(0)
        self.own, self.others, self.head = nn.Linear(3, WIDTH), nn.Linear(3, WIDTH), nn.Linear(WIDTH, 2)
        self.pooled, self.broken = pooled, broken
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        others = x[:, :1] if self.broken else x.mean(1, keepdim=True)
        features = torch.tanh(self.own(x) + self.others(others))
        return self.head(features.mean(1) if self.pooled else features)


class Pairs(nn.Module):
    """What equivariant networks on positions (B, N, 3) begin with: differences (B, N, N, 3), and the lengths of these."""

    def differences(self, pos: Tensor) -> tuple[Tensor, Tensor]:
        d = pos[:, None] - pos[:, :, None]
        return d, d.square().sum(-1, keepdim=True)


class Egnn(Pairs):
    """Messages of squared distances, vectors along differences (Satorras et al. 2021): O(3), translations, permutations.

    Broken: lengths are those of another metric.
    """

    def __init__(self, broken: bool = False):
        super().__init__()
        torch.manual_seed(0)
        self.kinds, self.message = nn.Embedding(KINDS, WIDTH), nn.Linear(2 * WIDTH + 1, WIDTH)
        self.weight, self.head = nn.Linear(WIDTH, 1), nn.Linear(WIDTH, 2)
        self.metric = nn.Parameter(torch.tensor([1.0, 1.0, 1.6 if broken else 1.0]))
        self.double().eval()

    def forward(self, pos: Tensor, z: Tensor) -> dict[str, Tensor]:
        h = self.kinds(z)
        d, _ = self.differences(pos)
        r2 = (self.metric * d.square()).sum(-1, keepdim=True)
        shape = (*r2.shape[:3], WIDTH)
        pairs = torch.cat([h[:, :, None].expand(shape), h[:, None].expand(shape), r2], -1)
        m = torch.tanh(self.message(pairs))
        weights = self.weight(m)
        nodes = self.head(m.mean(2))
        return {
            "energy": nodes.mean(1),
            "nodes": nodes,
            "forces": (weights * d).mean(2),
            "pairs": weights,
        }


class Painn(Pairs):
    """Scalar and vector features (Schuett et al. 2021), outputs of every kind: O(3), translations, permutations.

    Broken: a nonlinearity acts on the components of vectors.
    """

    def __init__(self, broken: bool = False):
        super().__init__()
        torch.manual_seed(0)
        self.kinds, self.radial = nn.Embedding(KINDS, WIDTH), nn.Linear(1, WIDTH)
        self.mix, self.gate = nn.Linear(WIDTH, WIDTH, bias=False), nn.Linear(2 * WIDTH, WIDTH)
        self.head = nn.Linear(WIDTH, 2)
        self.broken = broken
        self.double().eval()

    def forward(self, pos: Tensor, z: Tensor) -> dict[str, Tensor]:
        d, r2 = self.differences(pos)
        weights = torch.tanh(self.radial(r2)) * self.kinds(z)[:, None]
        v = torch.einsum("bijf,bijc->bicf", weights, d)
        v = torch.tanh(v) if self.broken else v
        mixed = self.mix(v)
        s = torch.tanh(self.gate(torch.cat([self.kinds(z), mixed.square().sum(2)], -1)))
        v = mixed * s[:, :, None]
        first, second, third = v[..., 0], v[..., 1], v[..., 2]
        return {
            "nodes": self.head(s),
            "vectors": third,
            "moments": torch.linalg.cross(first, second),
            "dipole": first.mean(1),
            "stress": torch.einsum("bicf,bidf->bcd", v, v),
            "tensors": torch.einsum("bicf,bidf->bicd", v, v),
            "irreps": torch.cat([self.head(s)[..., :1], first, torch.linalg.cross(first, second)], -1),
        }


class MessagePassing(nn.Module):
    """Messages along `edge_index` (B, 2, E), where -1 pads: O(3), translations, permutations.

    Broken: the readout is that of the first node.
    """

    def __init__(self, broken: bool = False):
        super().__init__()
        torch.manual_seed(0)
        self.kinds, self.message = nn.Embedding(KINDS, WIDTH), nn.Linear(WIDTH + 1, WIDTH)
        self.head = nn.Linear(WIDTH, 2)
        self.broken = broken
        self.double().eval()

    def forward(self, pos: Tensor, z: Tensor, edge_index: Tensor) -> dict[str, Tensor]:
        h, there = self.kinds(z), edge_index >= 0
        to, of = edge_index.clamp(min=0).unbind(1)
        at = lambda values, places: values.gather(1, places[..., None].expand(-1, -1, values.shape[-1]))
        length = (at(pos, to) - at(pos, of)).norm(dim=-1, keepdim=True)
        m = torch.tanh(self.message(torch.cat([at(h, of), length], -1))) * there[:, :1].mT
        nodes = torch.tanh(h.scatter_add(1, to[..., None].expand_as(m), m))
        return {
            "logits": self.head(nodes[:, 0] if self.broken else nodes.mean(1)),
            "nodes": nodes,
            "edges": m,
        }


class Chiral(Pairs):
    """Triple products of vectors: all rotations, translations and permutations, and no mirror image.

    Broken: it also knows which way is up.
    """

    def __init__(self, broken: bool = False):
        super().__init__()
        torch.manual_seed(0)
        self.radial, self.head = nn.Linear(1, 3), nn.Linear(1, 2)
        self.broken = broken
        self.double().eval()

    def forward(self, pos: Tensor) -> Tensor:
        d, r2 = self.differences(pos)
        v = torch.einsum("bijf,bijc->bicf", torch.tanh(2 * self.radial(r2)), d)
        handed = 5 * torch.linalg.det(v).mean(1, keepdim=True)
        up = pos[..., 2].std(1, keepdim=True) if self.broken else 0
        return torch.tanh(self.head(handed + up))


class Token(nn.Module):
    """A graph network of torch_geometric with a token for every graph, from which the nodes hear.

    It is given one `Batch`. The token is made of all nodes; broken: of the first one.
    """

    def __init__(self, broken: bool = False):
        super().__init__()
        torch.manual_seed(0)
        self.kinds, self.message = nn.Embedding(KINDS, WIDTH), nn.Linear(WIDTH + 3, WIDTH)
        self.token, self.head = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 4)
        self.broken = broken
        self.double().eval()

    def forward(self, data) -> dict[str, Tensor]:
        h = self.kinds(data.z)
        to, of = data.edge_index
        length = (data.pos[to] - data.pos[of]).norm(dim=1, keepdim=True)
        m = torch.tanh(self.message(torch.cat([h[of], length, data.edge_attr], 1)))
        h = torch.tanh(h.index_add(0, to, m))
        token = h[data.ptr[:-1]] if self.broken else self.mean(h, data)
        h = torch.tanh(h + self.token(token)[data.batch])
        return {"logits": self.head(self.mean(h, data)), "nodes": h, "edges": m}

    @staticmethod
    def mean(h: Tensor, data) -> Tensor:
        total = h.new_zeros(data.num_graphs, h.shape[1]).index_add(0, data.batch, h)
        return total / data.ptr.diff()[:, None]
