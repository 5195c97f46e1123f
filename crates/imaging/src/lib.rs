//! Pixels before and beside the network: decoding as a person sees it, resizing and cropping as torchvision does on a
//! PIL image, Lab, blur and replacement images.
//!
//! Everything works on 8-bit RGB with axes [height, width, 3], row-major. Nothing here knows files, tables or networks,
//! and every function is a pure function of its arguments: the same bytes in, the same bytes out, on any number of threads.

mod axis;
mod blur;
mod decode;
mod encode;
mod lab;
mod labels;
mod prepare;
mod raster;
mod replace;
mod resample;
#[cfg(test)]
mod testing;

pub use axis::Filter;
pub use blur::{gaussian_blur, gaussian_filter};
pub use decode::{
    DecodeError, MAXIMUM_PIXELS, MAXIMUM_SIDE, MINIMUM_SIDE, decode, decode_mask, size,
};
pub use encode::{encode_mask_png, encode_png};
pub use lab::{lab, lab_of_units};
pub use labels::{LabelsError, decode_labels};
pub use prepare::{Preparation, PreparationError, prepare, prepare_labels, prepare_mask};
pub use raster::{Mask, RasterError, Rgb};
pub use replace::{own_mean, solid};
