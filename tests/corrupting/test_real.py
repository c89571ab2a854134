"""A trained network on corrupted images: what its intervals bear."""

import pytest

import symmeter

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.mark.slow
def test_a_trained_network_is_less_symmetric_in_noise_and_only_less_sensitive_when_blurred(shared_data):
    weights = str(shared_data / "weights" / "cifar10_resnet20.pth")
    loaded = symmeter.load_model(f"{shared_data / 'models.py'}:cifar10_resnet20", weights=weights)
    found = symmeter.robustness(
        loaded.model.eval(), shared_data / "images" / "cifar10" / "test.npz", "translation_x",
        "gaussian_noise,gaussian_blur", [5], output="logits", samples=64, progress=False, mean=MEAN, std=STD,
    )  # fmt: skip
    clean, noise, blur = found
    assert 0.6 < clean.accuracy < 0.9 and clean.accuracy_low > noise.accuracy_high
    assert noise.accuracy_change_high < -0.3 and blur.accuracy_change_high < 0
    assert noise.value_change == "larger error" and noise.stability_change == "less stable"
    assert noise.stability_ratio_low > 1.2 and noise.stability_low > clean.stability_high
    assert blur.value_change == "smaller error" and blur.value_ratio_high < 0.1
    assert blur.stability_change == "no clear difference" and blur.stability_ratio_low > 0.3
    assert "less sensitive, not more symmetric" in found.sentences()[1]
    assert noise.confidence_low > 0.7 > 0.3 > noise.accuracy_high  # as sure as ever where it is wrong
