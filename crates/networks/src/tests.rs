//! What must hold for every network, whatever its weights: seeded random ones at a narrow width, on pictures that are not square.

use std::collections::BTreeMap;
use std::path::Path;

use imaging::Rgb;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use sampling::{Masks, Seed, samplers};
use statistics::{Head, Reading};
use tch::{Device, Kind, Tensor};

use crate::{
    Answers, Architecture, Classifier, Features, Methods, Network, NetworkError, Normalisation,
    Parameters, Precision, Question, RandomParameters, Role, Width,
};

const HEIGHT: usize = 96;
const WIDTH: usize = 128;
const CLASSES: usize = 7;

/// One of each way to be built: the others are deeper.
const KINDS: [&str; 5] = ["alexnet", "vgg11", "vgg11_bn", "resnet18", "resnet50"];

/// Layers that are not the usual ones, and the sides of their maps at the published input size.
const OTHER_LAYERS: [(&str, &str, i64); 5] = [
    ("alexnet", "features.12", 6),
    ("vgg11", "features.20", 7),
    ("vgg11_bn", "features.28", 7),
    ("resnet18", "layer3", 14),
    ("resnet50", "layer3.0", 14),
];

pub(crate) fn named(name: &str) -> Architecture {
    name.parse().unwrap()
}

/// Tensors of a weight file by name.
pub(crate) type Weights = BTreeMap<String, Tensor>;

/// All parameters of a network, in some state.
pub(crate) fn weights(architecture: Architecture, width: Width) -> Weights {
    struct Kept(RandomParameters, Weights);
    impl Parameters for Kept {
        fn take(&mut self, name: &str, shape: &[i64], role: Role) -> Result<Tensor, NetworkError> {
            let made = self.0.take(name, shape, role)?;
            let noise = crate::uniform(9, name).take(made.numel());
            let noise: Vec<f32> = noise.map(|value| 0.1 * value as f32).collect();
            let tensor = made + Tensor::from_slice(&noise).view(shape);
            self.1.insert(name.to_owned(), tensor.shallow_clone());
            Ok(tensor)
        }

        fn classes(&self, name: &str) -> Result<i64, NetworkError> {
            self.0.classes(name)
        }
    }
    let mut kept = Kept(RandomParameters::new(5, CLASSES as i64), Weights::new());
    crate::build(&mut kept, architecture, width).unwrap();
    kept.1
}

/// The content of a safetensors file.
pub(crate) fn saved(weights: &Weights) -> Vec<u8> {
    let bytes = |tensor: &Tensor| -> Vec<u8> {
        let mut bytes = vec![0; tensor.numel() * tensor.kind().elt_size_in_bytes()];
        tensor.copy_data_u8(&mut bytes, tensor.numel());
        bytes
    };
    let bytes: Vec<Vec<u8>> = weights.values().map(bytes).collect();
    let views = weights.iter().zip(&bytes).map(|((name, tensor), bytes)| {
        let dtype = match tensor.kind() {
            Kind::Double => Dtype::F64,
            _ => Dtype::F32,
        };
        let shape = tensor.size().into_iter().map(|side| side as usize);
        let view = TensorView::new(dtype, shape.collect(), bytes).unwrap();
        (name.as_str(), view)
    });
    safetensors::serialize(views, None).unwrap()
}

fn at(temperature: f64) -> Reading {
    Reading {
        temperature,
        ..Reading::default()
    }
}

fn plain(architecture: Architecture) -> Network {
    of_classes(architecture, CLASSES)
}

fn of_classes(architecture: Architecture, classes: usize) -> Network {
    let mut parameters = RandomParameters::new(5, classes as i64);
    crate::build(&mut parameters, architecture, Width::new(0.125).unwrap()).unwrap()
}

fn classifier(architecture: Architecture) -> Classifier {
    Classifier::new(
        plain(architecture).prepared(Precision::Fp32).unwrap(),
        Normalisation::IMAGENET,
    )
}

fn crop() -> Rgb {
    let value = |index: usize| (index * 37 % 251) as u8;
    Rgb::new(HEIGHT, WIDTH, (0..HEIGHT * WIDTH * 3).map(value).collect()).unwrap()
}

/// Four bands from top to bottom.
fn bands() -> Vec<u16> {
    (0..HEIGHT * WIDTH)
        .map(|pixel| (pixel / WIDTH * 4 / HEIGHT) as u16)
        .collect()
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

fn largest(values: &[f32]) -> f32 {
    values
        .iter()
        .fold(0.0, |largest, value| value.abs().max(largest))
}

fn logits(network: &Network, input: &Tensor) -> Vec<f32> {
    tch::no_grad(|| Vec::try_from(&network.forward(input).unwrap().reshape([-1])).unwrap())
}

#[test]
fn a_prepared_network_answers_as_the_plain_one() {
    let input = Tensor::arange(3 * 96 * 128, (Kind::Float, Device::Cpu))
        .sin()
        .view([1, 3, 96, 128]);
    for architecture in Architecture::ALL {
        let before = logits(&plain(architecture), &input);
        let after = logits(
            &plain(architecture).prepared(Precision::Fp32).unwrap(),
            &input,
        );
        assert!(
            largest_difference(&before, &after) <= 1e-4 * largest(&before),
            "{architecture:?}"
        );
    }
}

#[test]
fn maps_have_the_published_sizes_at_the_published_input_size() {
    let input = Tensor::zeros([1, 3, 224, 224], (Kind::Float, Device::Cpu));
    let side = |architecture, layer: &str| {
        let network = plain(architecture).split_at(layer).unwrap();
        let size = tch::no_grad(|| network.features(&input).unwrap().activations.size());
        assert_eq!(size[2], size[3], "{architecture:?}, {layer}");
        size[2]
    };
    for architecture in Architecture::ALL {
        let expected = match architecture.name() {
            "alexnet" => 13,
            name if name.starts_with("vgg") => 14,
            _ => 7,
        };
        let found = side(architecture, architecture.layer());
        assert_eq!(found, expected, "{architecture:?}");
    }
    for (name, layer, expected) in OTHER_LAYERS {
        assert_eq!(side(named(name), layer), expected, "{name}, {layer}");
    }
}

#[test]
fn the_smallest_pictures_are_taken_and_no_smaller_ones() {
    for architecture in KINDS.map(named) {
        let network = plain(architecture).prepared(Precision::Fp32).unwrap();
        let takes = |side: i64| {
            let input = Tensor::zeros([1, 3, side, side], (Kind::Float, Device::Cpu));
            tch::no_grad(|| network.forward(&input)).is_ok()
        };
        let smallest = i64::from(architecture.smallest());
        assert!(takes(smallest), "{architecture:?}");
        assert!(smallest == 1 || !takes(smallest - 1), "{architecture:?}");
    }
}

#[test]
fn a_layer_that_a_network_does_not_have_is_refused_with_the_nearest_it_has() {
    let error = plain(named("vgg16")).split_at("feature.29").unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("the network has no layer `feature.29`; the nearest are `features.29`"),
        "{text}"
    );
}

#[test]
fn the_layer_changes_no_logit() {
    let input = Tensor::arange(3 * 96 * 128, (Kind::Float, Device::Cpu))
        .sin()
        .view([1, 3, 96, 128]);
    for name in ["alexnet", "vgg11_bn"] {
        let at = |layer: &str| {
            let network = plain(named(name)).split_at(layer).unwrap();
            logits(&network.prepared(Precision::Fp32).unwrap(), &input)
        };
        let default = at(named(name).layer());
        for (_, layer, _) in OTHER_LAYERS.iter().filter(|other| other.0 == name) {
            assert_eq!(default, at(layer), "{name}, {layer}");
        }
    }
}

/// The whole network pools in the layout of its convolutions, its halves in the ordinary one.
#[test]
fn the_halves_of_a_network_give_its_logits() {
    let input = Tensor::arange(3 * 96 * 128, (Kind::Float, Device::Cpu))
        .sin()
        .view([1, 3, 96, 128]);
    for name in KINDS {
        for precision in [Precision::Fp32, Precision::Bf16] {
            let others = OTHER_LAYERS.iter().filter(|other| other.0 == name);
            for layer in others.map(|other| other.1).chain([named(name).layer()]) {
                let network = plain(named(name)).split_at(layer).unwrap();
                let network = network.prepared(precision).unwrap();
                let halves = network.head(&network.features(&input).unwrap()).unwrap();
                let halves = Vec::<f32>::try_from(halves.view([-1])).unwrap();
                assert_eq!(
                    logits(&network, &input),
                    halves,
                    "{name} {precision:?} {layer}"
                );
            }
        }
    }
}

#[test]
fn the_all_kept_mask_is_the_crop_and_the_all_removed_one_the_replacement() {
    let (crop, replacement, labels) = (
        crop(),
        imaging::solid([200, 20, 90], HEIGHT, WIDTH),
        bands(),
    );
    let masks = Masks::from_rows(4, [[true; 4], [false; 4]]).unwrap();
    for architecture in KINDS.map(named) {
        let classifier = classifier(architecture);
        let question = Question {
            crop: &crop,
            replacement: &replacement,
            labels: &labels,
            masks: &masks,
            target: 3,
        };
        let answers = classifier.ask(&question, &|| false).unwrap();
        let alone = [
            classifier.logits(&crop).unwrap()[3],
            classifier.logits(&replacement).unwrap()[3],
        ];
        assert!(
            largest_difference(&answers.logits, &alone) <= 1e-5 * largest(&alone),
            "{architecture:?}"
        );
    }
}

#[test]
fn a_mask_shows_the_replacement_in_exactly_the_removed_superpixels() {
    let (crop, replacement, labels) = (crop(), imaging::solid([0; 3], HEIGHT, WIDTH), bands());
    let mut pixels = crop.pixels().to_vec();
    pixels[HEIGHT / 4 * WIDTH * 3..HEIGHT / 2 * WIDTH * 3].fill(0);
    let painted = Rgb::new(HEIGHT, WIDTH, pixels).unwrap();
    let masks = Masks::from_rows(4, [[true, false, true, true]]).unwrap();
    let question = Question {
        crop: &crop,
        replacement: &replacement,
        labels: &labels,
        masks: &masks,
        target: 0,
    };
    let classifier = classifier(named("alexnet"));
    let answers = classifier.ask(&question, &|| false).unwrap();
    assert_eq!(answers.logits, [classifier.logits(&painted).unwrap()[0]]);
}

/// Groups of actions share batches, so an answer may depend neither on its place in a batch nor on its neighbours, to the last bit.
#[test]
fn answers_do_not_depend_on_their_place_or_on_what_else_is_asked() {
    let (crop, replacement, labels) = (crop(), imaging::solid([9; 3], HEIGHT, WIDTH), bands());
    let seed = Seed::derive(1, &[b"networks"]);
    for (architecture, precision) in KINDS
        .map(named)
        .into_iter()
        .flat_map(|architecture| Precision::ALL.map(|precision| (architecture, precision)))
    {
        let network = plain(architecture).prepared(precision).unwrap();
        let classifier = Classifier::new(network, Normalisation::IMAGENET);
        let ask = |rows: &[usize]| {
            let masks = samplers::COIN.masks(seed, 150, 4);
            let question = Question {
                crop: &crop,
                replacement: &replacement,
                labels: &labels,
                masks: &masks.select(rows.iter().copied()),
                target: 1,
            };
            classifier.ask(&question, &|| false).unwrap().logits
        };
        let forwards: Vec<usize> = (0..150).collect();
        let backwards: Vec<usize> = (0..150).rev().collect();
        let all = ask(&forwards);
        let mut reversed = ask(&backwards);
        reversed.reverse();
        assert_eq!(all, reversed, "{architecture:?} {precision:?}");
        assert_eq!(
            ask(&forwards[7..12]),
            all[7..12],
            "{architecture:?} {precision:?}"
        );
    }
}

/// Smaller batches may change a last bit, no more.
#[test]
fn few_masks_are_answered_as_many_are() {
    let (crop, replacement, labels) = (crop(), imaging::solid([9; 3], HEIGHT, WIDTH), bands());
    let masks = samplers::COIN.masks(Seed::derive(1, &[b"networks"]), 100, 4);
    for name in KINDS {
        let classifier = classifier(named(name));
        let question = Question {
            crop: &crop,
            replacement: &replacement,
            labels: &labels,
            masks: &masks,
            target: 1,
        };
        let many = classifier.ask(&question, &|| false).unwrap().logits;
        let few = classifier.ask_few(&question, &|| false).unwrap().logits;
        assert!(classifier.few_batch() <= classifier.batch());
        let allowed = 1e-5 * largest(&many);
        assert!(largest_difference(&few, &many) <= allowed, "{name}");
    }
}

/// The next batch is painted before the answers to one are read.
#[test]
fn a_program_whose_logits_are_a_part_of_its_input_is_read_before_that_changes() {
    let path = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/script_view.pt"
    ));
    let bytes = std::fs::read(path).unwrap();
    let size = [HEIGHT, WIDTH];
    let (script, _) =
        crate::load_script(path, &bytes, size, &Methods::default(), Precision::Fp32).unwrap();
    let same = Normalisation {
        mean: [0.0; 3],
        std: [1.0 / 255.0; 3],
    };
    let (crop, replacement) = (crop(), imaging::solid([9; 3], HEIGHT, WIDTH));
    let masks = samplers::COIN.masks(Seed::derive(1, &[b"networks"]), 40, 4);
    let question = Question {
        crop: &crop,
        replacement: &replacement,
        labels: &bands(),
        masks: &masks,
        target: 1,
    };
    let found = Classifier::new(script, same)
        .ask(&question, &|| false)
        .unwrap();
    for (sample, logit) in found.logits.into_iter().enumerate() {
        let shown = if masks.kept(sample, 0) {
            &crop
        } else {
            &replacement
        };
        let expected = f32::from(shown.pixel(0, 0)[1]);
        assert!((logit - expected).abs() < 1e-3, "{sample}");
    }
}

#[test]
fn the_targets_probability_is_at_most_the_largest() {
    let (crop, replacement, labels) = (crop(), imaging::solid([9; 3], HEIGHT, WIDTH), bands());
    let masks = samplers::COIN.masks(Seed::derive(1, &[b"networks"]), 40, 4);
    for temperature in [0.01, 1.0] {
        let classifier = classifier(named("resnet18")).with_reading(at(temperature));
        let answers = |target: usize| {
            let question = Question {
                crop: &crop,
                replacement: &replacement,
                labels: &labels,
                masks: &masks,
                target,
            };
            classifier.ask(&question, &|| false).unwrap()
        };
        let all: Vec<Answers> = (0..CLASSES).map(answers).collect();
        for sample in 0..masks.samples() {
            let of_classes = all.iter().map(|answers| answers.probabilities[sample]);
            let expected = of_classes.fold(0.0, f32::max);
            assert!(
                all[0].certainties[sample]
                    .largest
                    .total_cmp(&expected)
                    .is_eq()
            );
        }
    }
}

#[test]
fn gradients_do_not_depend_on_their_place_or_on_what_else_is_asked() {
    let crops: Vec<Rgb> = (0..20_u8)
        .map(|shade| {
            let pixels = crop()
                .pixels()
                .iter()
                .map(|value| value.wrapping_add(9 * shade))
                .collect();
            Rgb::new(HEIGHT, WIDTH, pixels).unwrap()
        })
        .collect();
    for architecture in KINDS.map(named) {
        let classifier = classifier(architecture);
        let asked: Vec<(&Rgb, usize)> = crops.iter().zip((0..CLASSES).cycle()).collect();
        let all = classifier.gradients(&asked).unwrap();
        let backwards: Vec<(&Rgb, usize)> = asked.iter().rev().copied().collect();
        let mut reversed = classifier.gradients(&backwards).unwrap();
        reversed.reverse();
        assert!(all == reversed, "{architecture:?}");
        assert!(
            classifier.gradients(&asked[17..18]).unwrap() == all[17..18],
            "{architecture:?}"
        );
    }
}

#[test]
fn behind_global_average_pooling_no_pass_backwards_is_needed() {
    let classifier = classifier(named("resnet50"));
    let crop = crop();
    let found = classifier.gradients(&[(&crop, 2), (&crop, 4)]).unwrap();
    assert_eq!(found[0].activations, found[1].activations);
    let shape = found[0].shape.map(|side| side as i64);
    let row = Tensor::from_slice(&found[0].activations).view([1, shape[0], shape[1], shape[2]]);
    let padding = [0, 0, 0, 0, 0, 0, 0, 15];
    let activations = row.constant_pad_nd(padding);
    for (found, target) in found.iter().zip([2, 4]) {
        let features = Features {
            batch: 16,
            activations: activations.shallow_clone(),
            others: Vec::new(),
        };
        let autograd = classifier.head_gradients(&features, &[target]).unwrap();
        assert!(largest_difference(&found.gradients, &autograd[0]) <= 1e-6 * largest(&autograd[0]));
    }
    assert_ne!(found[0].gradients, found[1].gradients);
}

/// A program of halves with 3 classes.
fn halves(features: &str, head: &str) -> Classifier {
    let program = crate::loading::script::tests::halves(features, head);
    let (path, size) = (Path::new("net.pt"), [HEIGHT, WIDTH]);
    let (network, _) =
        crate::load_script(path, &program, size, &Methods::default(), Precision::Fp32).unwrap();
    Classifier::new(network, Normalisation::IMAGENET)
}

const POOLED: &str = "torch.avg_pool2d(x, [8, 8])";

#[test]
fn a_head_that_gives_no_gradient_is_refused_with_what_takes_it_away() {
    let means = "torch.mean(x, [2, 3])";
    let heads = [
        "torch.mean(torch.detach(x), [2, 3])",
        &format!("torch.to(torch.mul({means}, 100.), 4)"),
        &format!("torch.one_hot(torch.argmax({means}, 1), 3)"),
        // There is a gradient, of something else.
        "torch.add(torch.mean(torch.detach(x), [2, 3]), torch.requires_grad_(torch.ones([3])))",
    ];
    for head in heads {
        let classifier = halves(POOLED, head);
        assert!(classifier.logits(&crop()).is_ok(), "{head}");
        let error = classifier.gradients(&[(&crop(), 1)]).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("net.pt: the method `head`"), "{error}");
        assert!(error.contains("without a gradient"), "{error}");
    }
}

#[test]
fn a_head_that_works_in_place_has_the_gradients_of_one_that_does_not() {
    let gradients = |head: &str| halves(POOLED, head).gradients(&[(&crop(), 1)]).unwrap();
    let [in_place, plain] = ["torch.relu_(x)", "torch.relu(x)"]
        .map(|relu| gradients(&format!("torch.mean({relu}, [2, 3])")).remove(0));
    assert!(plain.activations.iter().any(|&activation| activation < 0.0));
    assert!(plain.gradients.iter().any(|&gradient| gradient > 0.0));
    assert_eq!(in_place, plain);
}

#[test]
fn gradients_are_those_of_small_changes_of_the_activations() {
    let network = plain(named("alexnet"));
    let classifier = classifier(named("alexnet"));
    let crop = crop();
    let found = classifier.gradients(&[(&crop, 2)]).unwrap().remove(0);
    let [channels, height, width] = found.shape.map(|side| side as i64);
    let logit = |activations: &[f32]| {
        let activations = Tensor::from_slice(activations).view([1, channels, height, width]);
        let features = Features {
            batch: 1,
            activations,
            others: Vec::new(),
        };
        tch::no_grad(|| network.head(&features).unwrap().double_value(&[0, 2]))
    };
    // Along the gradient, so that the change is far above f32's rounding, but not where zeros tie in a window of the max pooling.
    let direction: Vec<f32> = found
        .activations
        .iter()
        .zip(&found.gradients)
        .map(|(&value, &gradient)| if value > 0.0 { gradient } else { 0.0 })
        .collect();
    let norm: f32 = direction.iter().map(|value| value * value).sum();
    assert!(norm > 0.0);
    let step = 1e-3 / norm.sqrt();
    let moved = |sign: f32| -> Vec<f32> {
        let values = found.activations.iter().zip(&direction);
        values
            .map(|(value, direction)| value + sign * step * direction)
            .collect()
    };
    let slope = (logit(&moved(1.0)) - logit(&moved(-1.0))) / f64::from(2.0 * step);
    assert!(
        (slope / f64::from(norm) - 1.0).abs() < 0.02,
        "{slope} {norm}"
    );
}

#[test]
fn a_question_that_does_not_fit_is_refused() {
    let (crop, small, labels) = (crop(), imaging::solid([0; 3], 4, 6), bands());
    let masks = Masks::from_rows(3, [[true; 3]]).unwrap();
    let classifier = classifier(named("alexnet"));
    let ask = |replacement, target| {
        let question = Question {
            crop: &crop,
            replacement,
            labels: &labels,
            masks: &masks,
            target,
        };
        classifier
            .ask(&question, &|| false)
            .unwrap_err()
            .to_string()
    };
    assert!(ask(&small, 0).contains("[96, 128]"));
    assert!(ask(&crop, CLASSES).contains("a class below 7"));
    assert!(ask(&crop, 0).contains("labels below 3"));
}

#[test]
fn asking_stops_when_it_is_told_to() {
    let (crop, labels) = (crop(), bands());
    let masks = Masks::from_rows(4, [[true; 4]]).unwrap();
    let question = Question {
        crop: &crop,
        replacement: &crop,
        labels: &labels,
        masks: &masks,
        target: 0,
    };
    let error = classifier(named("alexnet"))
        .ask(&question, &|| true)
        .unwrap_err();
    assert!(matches!(error, crate::NetworkError::Interrupted));
}

#[test]
fn a_width_outside_its_range_is_refused() {
    assert!(Width::new(0.0).is_err() && Width::new(f64::NAN).is_err() && Width::new(4.5).is_err());
}

/// A network that has memory for so many inputs at once.
fn with_room(name: &str, room: usize) -> Classifier {
    let mut network = plain(named(name)).prepared(Precision::Fp32).unwrap();
    network.room = room;
    Classifier::new(network, Normalisation::IMAGENET)
}

#[test]
fn after_too_little_memory_the_batch_is_halved_and_the_answers_are_the_same() {
    let (crop, replacement, labels) = (crop(), imaging::solid([9; 3], HEIGHT, WIDTH), bands());
    let masks = samplers::COIN.masks(Seed::derive(1, &[b"memory"]), 37, 4);
    let question = Question {
        crop: &crop,
        replacement: &replacement,
        labels: &labels,
        masks: &masks,
        target: 1,
    };
    for name in ["alexnet", "resnet18"] {
        let (whole, halved) = (with_room(name, usize::MAX), with_room(name, 5));
        let expected = whole.ask(&question, &|| false).unwrap().logits;
        let found = halved.ask(&question, &|| false).unwrap().logits;
        assert_eq!(halved.batch(), 4, "{name}");
        assert!(
            largest_difference(&found, &expected) <= 1e-5 * largest(&expected),
            "{name}"
        );
        let few = halved.ask_few(&question, &|| false).unwrap().logits;
        assert_eq!(few, found, "{name}");
        assert_eq!(halved.few_batch(), 4, "{name}");
        let crops = [
            (&crop, 1),
            (&replacement, 2),
            (&crop, 3),
            (&crop, 4),
            (&crop, 5),
            (&crop, 6),
        ];
        let found = halved.gradients(&crops).unwrap();
        assert_eq!((halved.gradient_batch(), found.len()), (4, 6), "{name}");
        for (found, expected) in found.iter().zip(whole.gradients(&crops).unwrap()) {
            let scale = 1e-5 * largest(&expected.gradients);
            assert!(
                largest_difference(&found.gradients, &expected.gradients) <= scale,
                "{name}"
            );
        }
        assert!(halved.logits(&crop).is_ok());
    }
}

#[test]
fn without_memory_for_one_input_it_says_so() {
    let classifier = with_room("alexnet", 0);
    let error = classifier.logits(&crop()).unwrap_err().to_string();
    assert!(
        error.contains("too little memory for 1 inputs") && error.contains("Tried to allocate"),
        "{error}"
    );
}

#[test]
fn tf32_on_a_processor_is_refused() {
    let error = plain(named("alexnet"))
        .prepared(Precision::Tf32)
        .unwrap_err();
    assert!(error.to_string().contains("needs a CUDA GPU"), "{error}");
}

#[test]
fn a_temperature_changes_probabilities_and_no_logit() {
    let (crop, labels) = (crop(), bands());
    let masks = Masks::from_rows(4, [[true; 4], [false; 4]]).unwrap();
    let question = Question {
        crop: &crop,
        replacement: &imaging::solid([9; 3], HEIGHT, WIDTH),
        labels: &labels,
        masks: &masks,
        target: 1,
    };
    let asked = |temperature| {
        let classifier = classifier(named("alexnet")).with_reading(at(temperature));
        classifier.ask(&question, &|| false).unwrap()
    };
    let (cold, usual, hot) = (asked(0.5), asked(1.0), asked(1e6));
    assert_eq!(cold.logits, usual.logits);
    assert!(
        cold.certainties[0].largest > usual.certainties[0].largest
            && cold.certainties[0].entropy < usual.certainties[0].entropy
    );
    // Nothing but even chances is left.
    assert!((hot.probabilities[0] * CLASSES as f32 - 1.0).abs() < 1e-4);
    let logits = classifier(named("alexnet")).logits(&crop).unwrap();
    let powers: Vec<f64> = logits
        .iter()
        .map(|&logit| (f64::from(logit) / 0.5).exp())
        .collect();
    let expected = powers[1] / powers.iter().sum::<f64>();
    assert!((f64::from(cold.probabilities[0]) - expected).abs() < 1e-5);
}

/// The first mask keeps everything, the second nothing.
fn ask_two(classifier: &Classifier, target: usize) -> Answers {
    let question = Question {
        crop: &crop(),
        replacement: &imaging::solid([9; 3], HEIGHT, WIDTH),
        labels: &bands(),
        masks: &Masks::from_rows(4, [[true; 4], [false; 4]]).unwrap(),
        target,
    };
    classifier.ask(&question, &|| false).unwrap()
}

#[test]
fn one_logit_is_read_as_two_classes_of_opposite_gradients() {
    for name in ["alexnet", "resnet18"] {
        let raw = tch::no_grad(|| {
            let planes = {
                let mut planes = vec![0.0; 3 * HEIGHT * WIDTH];
                Normalisation::IMAGENET.planes(crop().pixels(), &mut planes);
                crate::tensor(&planes, [HEIGHT, WIDTH]).unwrap()
            };
            let whole = of_classes(named(name), 1).forward(&planes).unwrap();
            f64::try_from(whole.select(1, 1)).unwrap() * 2.0
        });
        let network = of_classes(named(name), 1)
            .prepared(Precision::Fp32)
            .unwrap();
        assert_eq!(network.classes(), 2);
        let classifier = Classifier::new(network, Normalisation::IMAGENET);
        let [no, yes] = [0, 1].map(|target| ask_two(&classifier, target));
        let sigmoid = 1.0 / (1.0 + (-raw).exp());
        assert!(
            (f64::from(yes.probabilities[0]) - sigmoid).abs() < 1e-5,
            "{name}"
        );
        assert!((no.probabilities[0] + yes.probabilities[0] - 1.0).abs() < 1e-6);
        assert!((no.logits[1] + yes.logits[1]).abs() < 1e-6);
        let crop = crop();
        let found = classifier.gradients(&[(&crop, 0), (&crop, 1)]).unwrap();
        let opposite: Vec<f32> = found[0].gradients.iter().map(|value| -value).collect();
        assert_eq!(opposite, found[1].gradients, "{name}");
        assert!(largest(&opposite) > 0.0);
    }
}

#[test]
fn behind_a_sigmoid_classes_do_not_compete() {
    let reading = Reading {
        head: Head::Sigmoid,
        temperature: 2.0,
    };
    let classifier = classifier(named("resnet18")).with_reading(reading);
    for target in [0, CLASSES - 1] {
        let answers = ask_two(&classifier, target);
        for (probability, logit) in answers.probabilities.iter().zip(&answers.logits) {
            let expected = 1.0 / (1.0 + (-f64::from(*logit) / 2.0).exp());
            assert!((f64::from(*probability) - expected).abs() < 1e-6);
        }
        assert!(answers.certainties.is_empty());
    }
}
