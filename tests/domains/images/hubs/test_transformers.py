"""transformers' networks: whole, quiet, without a random head, and no code of theirs is run."""

import json
import warnings
from typing import Any

import pytest
import torch
from tests.helpers import check_refused

import symmeter
from symmeter.errors import SymmeterWarning
from symmeter.models.load import load_model


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


def test_hf_without_a_classifier_gets_no_random_one_and_says_so(tmp_path):
    from transformers import ViTModel

    ViTModel(tiny_vit(), add_pooling_layer=False).save_pretrained(tmp_path)
    loaded = load_model(f"hf:{tmp_path}")
    assert loaded.model(torch.rand(2, 3, 16, 16))["last_hidden_state"].shape == (2, 5, 16)
    assert "num_classes" not in loaded.info
    assert any("lack the pooler" in note for note in loaded.notes)
    assert any("ViTModel has no head" in note for note in loaded.notes)


def segformer():
    import transformers as t

    layers: dict[str, Any] = {
        "num_encoder_blocks": 2,
        "depths": [1, 1],
        "sr_ratios": [2, 1],
        "hidden_sizes": [8, 16],
    }
    layers |= {"patch_sizes": [7, 3], "strides": [4, 2], "num_attention_heads": [1, 2], "mlp_ratios": [2, 2]}
    return t.SegformerForSemanticSegmentation(
        t.SegformerConfig(**layers, decoder_hidden_size=16, num_labels=4)
    )


def yolos():
    import transformers as t

    config = t.YolosConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
                           image_size=[32, 32], patch_size=8, num_detection_tokens=5, num_labels=3)  # fmt: skip
    return t.YolosForObjectDetection(config)


def dpt():
    import transformers as t

    config = t.DPTConfig(hidden_size=16, num_hidden_layers=4, num_attention_heads=2, intermediate_size=16, image_size=32,
                         patch_size=8, backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[4, 4, 8, 8],
                         fusion_hidden_size=8, reassemble_factors=[4, 2, 1, 0.5])  # fmt: skip
    return t.DPTForDepthEstimation(config)


def masked():
    import transformers as t

    return t.ViTForMaskedImageModeling(tiny_vit())


def clip_config():
    import transformers as t

    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision, text = {**sizes, "image_size": 32, "patch_size": 8}, {**sizes, "vocab_size": 20}
    return t.CLIPConfig(vision_config=vision, text_config=text, projection_dim=8, num_labels=6)


def clip_classifier():
    import transformers as t

    return t.CLIPForImageClassification(clip_config())


def resnet_backbone():
    import transformers as t

    sizes: dict[str, Any] = {
        "embedding_size": 8,
        "hidden_sizes": [8, 16],
        "depths": [1, 1],
        "layer_type": "basic",
    }
    return t.ResNetBackbone(t.ResNetConfig(**sizes, num_channels=5, out_features=["stage2"]))


HEADS = {segformer: "logits", yolos: "logits", dpt: "predicted_depth", masked: "reconstruction",
         clip_classifier: "logits", resnet_backbone: "feature_maps"}  # fmt: skip


@pytest.mark.parametrize("build", HEADS, ids=lambda f: f.__name__)
def test_hf_builds_the_class_that_the_config_names(tmp_path, build):
    source = build().eval()
    source.save_pretrained(tmp_path)
    loaded = load_model(f"hf:{tmp_path}")
    assert type(loaded.model) is type(source) and not loaded.notes
    assert loaded.info["architecture"] == type(source).__name__
    channels = 5 if build is resnet_backbone else 3
    assert loaded.preprocessing.channels == channels
    x = torch.rand(2, channels, 16 if build is masked else 32, 16 if build is masked else 32)
    theirs, ours = source(x)[HEADS[build]], loaded.model(x)[HEADS[build]]
    if build is resnet_backbone:
        (theirs,), (ours,) = theirs, ours
    torch.testing.assert_close(ours, theirs)


def test_hf_takes_the_part_for_images_of_a_network_for_both(tmp_path):
    import transformers as t

    source = t.CLIPModel(clip_config()).eval()
    source.save_pretrained(tmp_path)
    loaded = load_model(f"hf:{tmp_path}")
    x = torch.rand(2, 3, 32, 32)
    ours, theirs = loaded.model(x), source.vision_model(x)
    torch.testing.assert_close(ours["pooler_output"], theirs.pooler_output)
    assert any("of CLIPModel the part for images is measured" in note for note in loaded.notes)


def test_hf_says_which_weights_have_no_place(tmp_path):
    import transformers as t

    t.ViTForImageClassification(tiny_vit()).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "architectures": ["ViTModel"]}))
    notes = load_model(f"hf:{tmp_path}").notes
    assert any(
        "ViTModel has no place for 2 weights of its files (classifier.bias, classifier.weight)" in n
        for n in notes
    )
    x = torch.rand(2, 3, 16, 16)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SymmeterWarning)
        result = symmeter.measure(
            f"hf:{tmp_path}", x, "translation_x", output="logits:invariant", control=False
        )
    assert set(notes) <= set(result.warnings)


def test_hf_refuses_a_class_that_transformers_does_not_have(tmp_path):
    import transformers as t

    t.ViTForImageClassification(tiny_vit()).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "architectures": ["ViTForTelepathy"]}))
    check_refused("names ViTForTelepathy, which transformers .* does not have", load_model, f"hf:{tmp_path}")


def test_hf_draws_no_head_of_another_size(tmp_path):
    import transformers as t

    t.ViTForImageClassification(tiny_vit()).save_pretrained(tmp_path)
    check_refused(
        "lack 2 weights.*classifier.bias", load_model, f"hf:{tmp_path}", model_kwargs={"num_labels": 7}
    )


def test_hf_with_files_missing_gives_one_line(tmp_path):
    from safetensors.torch import load_file, save_file
    from transformers import BertConfig, BertModel, ViTForImageClassification

    check_refused("no config.json in this folder", load_model, f"hf:{tmp_path}")
    ViTForImageClassification(tiny_vit()).save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    weights.pop("classifier.weight")
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    check_refused(
        r"lack 1 weights of ViTForImageClassification \(classifier.weight\)", load_model, f"hf:{tmp_path}"
    )
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
