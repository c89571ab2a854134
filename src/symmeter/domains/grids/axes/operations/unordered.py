"""Rules of the operations after which positions are known no longer, along some axes or at all."""

from torch import Tensor

from symmeter.domains.grids.axes.axes import CHANNEL, Axes, channels_if, roles
from symmeter.domains.grids.axes.operations.operation import AxesOf, Found, rule, rule_of_one


@rule_of_one("sort topk cumsum cumprod cummax cummin logcumsumexp index_select glu")
def _along(axes: Axes, outputs: list[Tensor], x: Tensor, *args: object, **kwargs: object) -> Found:
    """x of any shape, whose entries are picked, ordered or summed up along some axes.

    Channels stay channels, a grid axis is known no longer.
    """
    found = list(axes)
    for dim in _dims(*args, **kwargs):
        found[dim] = channels_if(roles(found[dim]) <= {CHANNEL}, outputs[0].shape[dim])
    return [tuple(found)] * len(outputs)


def _dims(*args: object, **kwargs: object) -> list[int]:
    """The axes that such an operation is told: the first argument, or the second of topk(x, k, dim)."""
    if args and isinstance(args[0], list | tuple):
        return list(args[0])
    told = [one for one in (*args[:2], kwargs.get("dim")) if type(one) is int]
    return told[-1:] or [-1]  # sort and glu without one take the last


@rule(
    "gather scatter scatter_add scatter_reduce index_put _index_put_impl index_copy index_add index_reduce index_fill "
    "masked_scatter take put slice_scatter select_scatter diagonal_scatter as_strided_scatter "
    "tril triu nonzero argmax argsort masked_select "
    "grid_sampler_2d grid_sampler_3d renorm cross "
    "linalg_cross linalg_inv_ex linalg_qr linalg_cholesky_ex linalg_matrix_exp linalg_lu_factor_ex "
    "linalg_solve_triangular _linalg_eigh _linalg_svd _linalg_solve_ex multinomial "
    "_cummax_helper _cummin_helper segment_reduce _cdist_forward _euclidean_dist"
)
def _not_followed(axes_of: AxesOf, outputs: list[Tensor], *_: object, **__: object) -> Found:
    return [None] * len(outputs)
