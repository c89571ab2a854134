"""transformers' networks: whole, quiet, without a random head, and no code of theirs is run."""

import json
from typing import Any

import torch
from tests.helpers import check_refused

from symmeter.models import load_model


def tiny_vit():
    from transformers import ViTConfig

    sizes: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    sizes |= {"intermediate_size": 16, "image_size": 16, "patch_size": 8, "num_labels": 5}
    return ViTConfig(**sizes)


def test_hf_from_a_local_folder(tmp_path, capsys):
    from transformers import ViTForImageClassification, ViTImageProcessor
    from transformers.utils import logging

    source = ViTForImageClassification(tiny_vit()).eval()
    source.save_pretrained(tmp_path)
    ViTImageProcessor(size={"height": 16, "width": 16}).save_pretrained(tmp_path)
    capsys.readouterr()
    level = logging.get_verbosity()
    before = torch.get_rng_state()
    loaded = load_model(f"hf:{tmp_path}")
    assert torch.equal(before, torch.get_rng_state())
    assert logging.get_verbosity() == level
    assert capsys.readouterr() == ("", "")
    x = torch.rand(2, 3, 16, 16)
    torch.testing.assert_close(loaded.model(x)["logits"], source(x).logits)
    assert not loaded.model.training
    assert (loaded.info["family"], loaded.info["num_classes"]) == ("hf", 5)
    assert loaded.preprocessing.size == (16, 16)
    assert loaded.preprocessing.mean == (0.5, 0.5, 0.5)
    untrained = load_model(f"hf:{tmp_path}", untrained=True, model_kwargs={"num_labels": 3})
    assert untrained.model(x)["logits"].shape == (2, 3)
    assert untrained.info["weights"] == "untrained"
    check_refused(
        "its config knows no such setting", load_model, f"hf:{tmp_path}", model_kwargs={"nonsense": 3}
    )


def test_hf_without_a_classifier_gets_no_random_one(tmp_path):
    from transformers import ViTModel

    ViTModel(tiny_vit(), add_pooling_layer=False).save_pretrained(tmp_path)
    loaded = load_model(f"hf:{tmp_path}")
    assert loaded.model(torch.rand(2, 3, 16, 16))["last_hidden_state"].shape == (2, 5, 16)
    assert "num_classes" not in loaded.info


def test_hf_with_files_missing_gives_one_line(tmp_path):
    from safetensors.torch import load_file, save_file
    from transformers import BertConfig, BertModel, ViTForImageClassification

    check_refused("no config.json in this folder", load_model, f"hf:{tmp_path}")
    ViTForImageClassification(tiny_vit()).save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    weights.pop("classifier.weight")
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    check_refused(r"its files lack 1 weights \(classifier.weight", load_model, f"hf:{tmp_path}")
    (tmp_path / "model.safetensors").unlink()
    check_refused(
        "no file named model.safetensors.*pass --weights FILE, or --untrained", load_model, f"hf:{tmp_path}"
    )
    words: dict[str, Any] = {
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 8,
    }
    BertModel(BertConfig(vocab_size=10, **words)).save_pretrained(tmp_path)
    check_refused("this network takes input_ids, not images", load_model, f"hf:{tmp_path}")


def test_hf_runs_no_code_of_a_folder(tmp_path):
    config = {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    mark = tmp_path / "it ran"
    (tmp_path / "evil.py").write_text(f"open({str(mark)!r}, 'w')")
    check_refused("ValueError", load_model, f"hf:{tmp_path}")
    assert not mark.exists()
