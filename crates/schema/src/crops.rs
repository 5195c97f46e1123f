//! Table `crops`: the images as every method sees them.

crate::table! {
    /// An image, prepared: as a person sees it, resized and cropped to the networks' input size, in 8-bit RGB.
    #[table = "crops"]
    #[keys(image)]
    pub struct Crop {
        /// BLAKE3 of the image file's bytes, in lower-case hexadecimal.
        #[unit = "digest"]
        pub image_digest: String,
        /// Height of the image as a person sees it, before resizing.
        #[unit = "pixels"]
        #[range(1 ..)]
        pub source_height: u32,
        /// Width of the image as a person sees it, before resizing.
        #[unit = "pixels"]
        #[range(1 ..)]
        pub source_width: u32,
        /// Height of the crop.
        #[unit = "pixels"]
        #[range(1 ..)]
        pub height: u32,
        /// Width of the crop.
        #[unit = "pixels"]
        #[range(1 ..)]
        pub width: u32,
        /// The crop as an 8-bit RGB PNG file of `height` x `width`.
        #[unit = "PNG file"]
        pub rgb: Vec<u8>,
        /// The mask of the object, cropped like the image, as an 8-bit grey PNG file of `height` x `width`: 255 on the object, 0 elsewhere. Null
        /// where the image has no mask.
        #[unit = "PNG file"]
        pub truth_mask: Option<Vec<u8>>,
    }
}
