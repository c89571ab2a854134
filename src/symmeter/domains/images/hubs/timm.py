"""timm's networks, `timm:NAME` or `timm:NAME.TAG`."""

from dataclasses import replace

from symmeter.domains.images.inputs import preprocessing_of
from symmeter.errors import SymmeterError
from symmeter.models.loaded import LoadedModel, finish
from symmeter.models.names import unknown_name
from symmeter.models.spec import RANDOM, Request, building
from symmeter.optional import require


def load_timm(request: Request) -> LoadedModel:
    """In eval mode, with its own preprocessing; `img_size` among the keyword arguments changes that too."""
    timm = require("timm", "vision")
    if not timm.is_model(request.name):
        raise unknown_name(request.spec, [*timm.list_models(), *timm.list_pretrained()])
    arch = request.name.partition(".")[0]
    try:
        timm.models.get_pretrained_cfg(request.name)
    except RuntimeError as error:
        raise unknown_name(request.spec, timm.list_pretrained(arch + ".*")) from error
    if request.pretrained and not timm.is_model_pretrained(request.name):
        raise SymmeterError(f"{request.spec}: timm has no pretrained weights for it; {RANDOM}")
    with building(request, "its pretrained weights" if request.pretrained else ""):
        model = timm.create_model(request.name, pretrained=request.pretrained, **request.kwargs)
    loaded = finish(request, model.eval(), f"pretrained {model.pretrained_cfg.get('tag') or ''}".strip())
    preprocessing = preprocessing_of(loaded)
    if size := request.kwargs.get("img_size"):
        preprocessing = preprocessing.override(img_size=size)
    return replace(loaded, preprocessing=preprocessing)
