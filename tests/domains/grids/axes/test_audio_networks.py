"""Networks of others that hear sound: every module has a row, and the rows add up to the whole."""

import pytest
import torch
from torch import nn
from zoo.networks.sounds import crepe

import symmeter

pytestmark = pytest.mark.slow


class Mono(nn.Module):
    """A network of waveforms (B, L), for signals (B, 1, L)."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        found = self.net(x[:, 0])
        return found[0].mean(1) if isinstance(found, tuple) else found


def pitch(_):
    pytest.importorskip("torchcrepe", exc_type=ImportError)
    return Mono(crepe()), (1, 1024), "logits"


def mel_filters(audio):
    mel = audio.transforms.MelSpectrogram(16000, n_fft=256, hop_length=64, n_mels=20)
    front = nn.Sequential(mel, audio.transforms.AmplitudeToDB(), nn.Flatten(1, 2), nn.Conv1d(20, 8, 3))
    return (
        nn.Sequential(*front, nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(8, 4)),
        (1, 2048),
        "logits",
    )


def letters(audio):
    net = audio.models.Wav2Letter(num_classes=8, input_type="waveform", num_features=1)
    return net, (1, 4000), "logits:channels_first"


def separator(audio):
    net = audio.models.ConvTasNet(2, 16, 32, 3, 16, 16, 2, 1)
    return net, (1, 800), "logits:channels_first"


def speech(audio):
    sizes = {"encoder_embed_dim": 32, "encoder_num_layers": 2, "encoder_num_heads": 2}
    rates = ("encoder_projection", "encoder_attention", "encoder_ff_interm", "encoder")
    net = audio.models.wav2vec2_model(
        extractor_mode="group_norm", extractor_conv_layer_config=[(32, 10, 5), (32, 3, 2)], extractor_conv_bias=False,
        encoder_pos_conv_kernel=9, encoder_pos_conv_groups=2, encoder_ff_interm_features=64,
        encoder_layer_norm_first=False, encoder_layer_drop=0.0, aux_num_out=5, **sizes,
        **{f"{name}_dropout": 0.0 for name in rates},
    )  # fmt: skip
    return Mono(net), (1, 800), "logits"


@pytest.mark.parametrize("network", [pitch, mel_filters, letters, separator, speech])
def test_no_module_is_left_out(network):
    audio = pytest.importorskip("torchaudio", exc_type=ImportError)
    torch.manual_seed(0)
    net, shape, output = network(audio)
    sounds = torch.randn(2, *shape)
    options = {"output": output, "domain": "signals", "control": False, "progress": False}
    found = symmeter.attribute(net.eval(), sounds, "translation_x", probes=0, **options)
    assert not found.header["spec"]["folded"]
    whole, *parts = found.rows
    assert sum(row.share for row in parts if row.terminal) == pytest.approx(1, abs=1e-3)
    assert whole.value > 0
