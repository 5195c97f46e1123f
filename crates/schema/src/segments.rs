//! Table `segments`: the superpixels of the crops.

crate::table! {
    /// A partition of an image's crop into superpixels, shared by all methods, networks and runs.
    #[table = "segments"]
    #[keys(image, partition)]
    pub struct Segments {
        /// Algorithm that made the partition: `quickshift`, `slic`, `felzenszwalb` or `grid`.
        #[unit = "name"]
        pub algorithm: String,
        /// Number of superpixels, from 1 to 65536.
        #[unit = "superpixels"]
        #[range(1 ..= 65536)]
        pub superpixels: u32,
        /// Height of the crop.
        #[unit = "pixels"]
        pub height: u32,
        /// Width of the crop.
        #[unit = "pixels"]
        pub width: u32,
        /// Superpixel of each pixel, `height` x `width`, row-major: exactly the numbers from 0 to `superpixels` - 1.
        #[unit = "superpixel id"]
        pub labels: Vec<u16>,
    }
}
