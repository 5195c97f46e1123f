//! Programs of scripts/oracles/torchscript.py, and programs whose code stands here.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use std::path::PathBuf;

use tch::{Kind, Tensor};

use super::*;
use crate::error::NetworkError;
use crate::network::{Features, Layers};

/// A program of methods (name, type of what it gives, that as an expression of `x`).
pub(crate) fn program(methods: &[(&str, &str, &str)]) -> Vec<u8> {
    let start =
        "class Net(Module):\n  __parameters__ = []\n  __buffers__ = []\n  training : bool\n";
    let methods = methods.iter().map(|(name, gives, expression)| {
        format!(
            "  def {name}(self: __torch__.Net, x: Tensor) -> {gives}:\n    return {expression}\n"
        )
    });
    let code: String = std::iter::once(start.to_owned()).chain(methods).collect();
    let entries: [(&str, &[u8]); 4] = [
        (
            "data.pkl",
            b"\x80\x02c__torch__\nNet\nq\x00)\x81}(X\x08\x00\x00\x00trainingq\x01\x89ubq\x02.",
        ),
        ("code/__torch__.py", code.as_bytes()),
        ("constants.pkl", b"\x80\x02)."),
        ("version", b"3\n"),
    ];
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let plain = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in entries {
        writer.start_file(format!("net/{name}"), plain).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A program of halves, which are expressions of `x`.
pub(crate) fn halves(features: &str, head: &str) -> Vec<u8> {
    program(&[
        ("features", "Tensor", features),
        ("head", "Tensor", head),
        ("forward", "Tensor", "(self).head((self).features(x, ), )"),
    ])
}

/// A program that gives an expression of `x`.
fn whole(forward: &str) -> Result<Loaded, LoadError> {
    made(&program(&[("forward", "Tensor", forward)]))
}

fn made(program: &[u8]) -> Result<Loaded, LoadError> {
    let methods = Methods::default();
    super::load(
        Path::new("net.pt"),
        program,
        [48, 64],
        &methods,
        Device::CPU,
    )
}

impl Loaded {
    fn forward(&self, input: &Tensor) -> Result<Tensor, NetworkError> {
        self.script.logits(Script::FORWARD, input)
    }

    fn features(&self, input: &Tensor) -> Result<Features, NetworkError> {
        self.script.features(input)
    }

    fn head(&self, features: &Features) -> Result<Tensor, NetworkError> {
        self.script.head(features)
    }
}

fn whole_refusal(forward: &str) -> String {
    whole(forward).unwrap_err().to_string()
}

const MEANS: &str = "torch.mean(x, [2, 3])";

fn load(name: &str) -> Result<Loaded, LoadError> {
    load_with(name, &Methods::default())
}

fn load_with(name: &str, methods: &Methods) -> Result<Loaded, LoadError> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures")
        .join(name);
    super::load(
        &path,
        &std::fs::read(&path).unwrap(),
        [48, 64],
        methods,
        Device::CPU,
    )
}

fn refusal(name: &str) -> String {
    load(name).unwrap_err().to_string()
}

fn input(batch: i64) -> Tensor {
    let shape = [batch, 3, 48, 64];
    Tensor::arange(
        shape.iter().product::<i64>(),
        (Kind::Float, tch::Device::Cpu),
    )
    .sin()
    .view(shape)
}

#[test]
fn the_halves_are_the_whole_and_every_call_gives_the_same() {
    let script = load("script.pt").unwrap();
    assert_eq!(script.classes, 7);
    let _guard = tch::no_grad_guard();
    let logits = script.forward(&input(2)).unwrap();
    for _ in 0..4 {
        let again = script.head(&script.features(&input(2)).unwrap()).unwrap();
        assert!(again.equal(&logits));
    }
}

#[test]
fn without_features_it_answers_but_has_no_layer() {
    let script = load("script_forward_only.pt").unwrap();
    assert_eq!(script.forward(&input(1)).unwrap().size(), [1, 7]);
    let error = script.features(&input(1)).unwrap_err().to_string();
    assert!(
        error.contains("`features`") && error.contains("Grad-CAM"),
        "{error}"
    );
}

#[test]
fn the_batch_is_halved_until_there_is_memory_for_it() {
    // It says that it is out of memory for more than 4 inputs.
    assert_eq!(load("script_memory.pt").unwrap().batch, 4);
}

#[test]
fn the_methods_may_have_other_names() {
    let methods = Methods {
        features: "embed".to_owned(),
        head: "classify".to_owned(),
    };
    let script = load_with("script_names.pt", &methods).unwrap();
    let _guard = tch::no_grad_guard();
    let logits = script.forward(&input(2)).unwrap();
    let again = script.head(&script.features(&input(2)).unwrap()).unwrap();
    assert!(again.equal(&logits));
    let error = load("script_names.pt").unwrap().features(&input(1));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("no method `features`"), "{error}");
}

#[test]
fn a_program_that_asks_for_cuda_by_itself_is_refused_where_there_is_none() {
    if tch::Cuda::is_available() {
        return;
    }
    let error = refusal("script_cuda.pt");
    assert!(
        error.contains("requests a CUDA device") && error.contains("export"),
        "{error}"
    );
}

#[test]
fn a_program_that_gives_a_tuple_is_refused_by_the_method_and_what_it_gives() {
    let error = refusal("script_tuple.pt");
    assert!(
        error.contains("`forward` gives a tuple") && error.contains("one tensor"),
        "{error}"
    );
}

#[test]
fn a_program_whose_logits_are_no_numbers_is_refused() {
    let error = refusal("script_nan.pt");
    assert!(error.contains("not finite"), "{error}");
}

#[test]
fn a_head_that_does_not_fit_its_features_is_refused_with_both_shapes() {
    let error = refusal("script_unfit.pt");
    assert!(
        error.contains("`head`") && error.contains("[16, 32, 6, 8]"),
        "{error}"
    );
    assert!(error.contains("16x128 and 64x24"), "{error}");
}

#[test]
fn weights_are_not_taken_for_a_program() {
    let error = refusal("checkpoint.pth");
    assert!(error.contains("not a TorchScript program"), "{error}");
    assert!(error.contains("a file of torch.save"), "{error}");
}

#[test]
fn one_output_is_two_classes_with_or_without_an_axis_of_its_own() {
    let means = "torch.mean(x, [1, 2, 3])";
    for forward in [means, &format!("torch.unsqueeze({means}, 1)")] {
        let loaded = whole(forward).unwrap();
        assert_eq!(loaded.classes, 2);
        let input = Tensor::linspace(-1, 2, 24, (Kind::Float, tch::Device::Cpu)).view([2, 3, 2, 2]);
        let logits = loaded.script.forward(&input).unwrap();
        assert_eq!(logits.size(), [2, 1]);
    }
}

#[test]
fn a_program_that_takes_other_inputs_is_refused_by_what_it_takes() {
    // A convolution of one pixel, whose weight is [3, channels, 1, 1].
    let convolution = |x: &str, weight: &str| {
        format!("torch.mean(torch.conv2d({x}, {weight}, None, [1, 1], [0, 0], [1, 1], 1), [2, 3])")
    };
    let programs = [
        (
            "torch.view(torch.mean(x, [2, 3]), [1, 3])".to_owned(),
            "1 at a time",
        ),
        (
            "torch.view(torch.mean(x, [2, 3]), [8, 3])".to_owned(),
            "8 at a time",
        ),
        // Gives something of the wrong shape in place of an error.
        (
            "torch.view(torch.mean(x, [2, 3]), [1, -1])".to_owned(),
            "1 at a time",
        ),
        (convolution("x", "torch.ones([3, 1, 1, 1])"), "1 channel:"),
        (convolution("x", "torch.ones([3, 4, 1, 1])"), "4 channels"),
        (
            convolution("torch.permute(x, [0, 3, 1, 2])", "torch.ones([3, 3, 1, 1])"),
            "channels last",
        ),
        (
            convolution("x", "torch.ones([3, 3, 1, 1], dtype=5)"),
            "float16",
        ),
        (
            "torch.mean(torch.to(torch.bitwise_and(x, 255), 6), [2, 3])".to_owned(),
            "bytes from 0 to 255",
        ),
        (
            "torch.matmul(torch.flatten(torch.mean(x, [1]), 1), torch.ones([1024, 3]))".to_owned(),
            "set `crop` to 32",
        ),
    ];
    for (forward, expected) in programs {
        let error = whole_refusal(&forward);
        assert!(error.contains(expected), "{forward}: {error}");
        assert!(error.contains("[16, 3, 48, 64]"), "{forward}: {error}");
        assert!(
            expected.contains("crop") || !error.contains("crop"),
            "{error}"
        );
    }
}

#[test]
fn a_program_that_drops_the_axis_of_one_input_does_not_count_as_one_of_two_inputs() {
    let error = whole_refusal("torch.squeeze(torch.mean(x, [2, 3]))");
    assert!(error.contains("gives shape [3]"), "{error}");
}

#[test]
fn a_program_that_fails_on_everything_is_refused_by_what_libtorch_says() {
    let error = whole_refusal("torch.matmul(x, torch.ones([7, 5, 11]))");
    assert!(
        error.contains("`forward` fails on an input of shape [16, 3, 48, 64]"),
        "{error}"
    );
    assert!(!error.contains("crop"), "{error}");
}

#[test]
fn a_network_that_standardises_each_picture_is_taken_with_a_doubt() {
    let standardised = "torch.div(torch.sub(x, torch.mean(x, [1, 2, 3], True)), torch.std(x, [1, 2, 3], True, True))";
    let script = whole(&format!("torch.mean({standardised}, [2, 3])")).unwrap();
    assert_eq!(script.doubts, [Doubt::OneColour]);
}

#[test]
fn a_network_that_ends_in_probabilities_is_taken_with_a_doubt() {
    let endings = [
        (MEANS.to_owned(), None),
        (format!("torch.softmax({MEANS}, 1)"), Some(Doubt::Softmax)),
        (
            format!("torch.to(torch.softmax({MEANS}, 1), 5)"),
            Some(Doubt::Softmax),
        ),
        (
            format!("torch.log_softmax({MEANS}, 1)"),
            Some(Doubt::LogSoftmax),
        ),
        (format!("torch.sigmoid({MEANS})"), Some(Doubt::Sigmoids)),
    ];
    for (forward, expected) in endings {
        let script = whole(&forward).unwrap();
        assert_eq!(script.doubts, expected.as_slice(), "{forward}");
    }
    assert!(load("script.pt").unwrap().doubts.is_empty());
}

#[test]
fn a_program_may_change_its_input() {
    let script = whole("torch.mean(torch.mul_(x, 2.), [2, 3])").unwrap();
    let input = input(2);
    let before = input.copy();
    drop(script.forward(&input).unwrap());
    assert!(input.equal(&before));
    // Even its shape.
    assert!(whole("torch.mean(torch.squeeze_(torch.unsqueeze_(x, 0), 0), [2, 3])").is_ok());
}

#[test]
fn what_is_no_tensor_of_numbers_is_named() {
    let gives = |gives: &str, expression: &str| {
        let error = made(&program(&[("forward", gives, expression)])).unwrap_err();
        error.to_string()
    };
    let error = gives("Dict[str, Tensor]", "{\"logits\": torch.mean(x, [2, 3])}");
    assert!(error.contains("a dictionary with `logits`"), "{error}");
    let error = gives("Tuple[Tensor, Tensor]", "(x, x)");
    assert!(error.contains("a tuple of 2"), "{error}");
    let error = gives(
        "Tensor",
        "torch.complex(torch.mean(x, [2, 3]), torch.mean(x, [2, 3]))",
    );
    assert!(error.contains("ComplexFloat"), "{error}");
    let quantised = "torch.quantize_per_tensor(torch.avg_pool2d(x, [8, 8]), 0.1, 0, 13)";
    let error = made(&halves(
        quantised,
        "torch.mean(torch.dequantize(x), [2, 3])",
    ));
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("QUInt8") && error.contains("dequantize"),
        "{error}"
    );
}

#[test]
fn another_file_is_named_by_what_it_is() {
    let error = made(b"\x08\x08\x12\x07pytorch").unwrap_err().to_string();
    assert!(
        error.contains("ONNX") && error.contains("net.pt"),
        "{error}"
    );
}
