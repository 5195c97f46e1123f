//! Table `localization`: explanations beside the mask of the object.

crate::table::table! {
    /// An explanation as a picture in which each pixel has the relevance of its superpixel, beside the mask of the object.
    #[table = "localization"]
    pub struct Localization {
        /// Name of the image.
        #[unit = "name"]
        pub image: String,
        /// Name of the network in pipeline.toml.
        #[unit = "name"]
        pub network: String,
        /// Name of the partition in pipeline.toml.
        #[unit = "name"]
        pub partition: String,
        /// Name of the method in pipeline.toml.
        #[unit = "name"]
        pub method: String,
        /// Number of the run, from 0.
        #[unit = "run"]
        pub run: u32,
        /// Share of the crop's pixels inside the mask, from 0 to 1: what a random picture has as `pointing`, `relevance_inside` and `average_precision`;
        /// null without a mask.
        #[unit = "fraction of pixels"]
        pub mask_area: Option<f64>,
        /// Pointing game: share of the pixels of highest relevance that are inside the mask, from 0 to 1.
        #[unit = "fraction of pixels"]
        pub pointing: Option<f64>,
        /// Share of the positive relevance, summed over pixels, that is inside the mask, from 0 to 1.
        #[unit = "1"]
        pub relevance_inside: Option<f64>,
        /// Intersection over union of the mask and as many pixels of highest relevance as it has, equally relevant ones in equal parts: from 0 to 1.
        #[unit = "1"]
        pub intersection_over_union: Option<f64>,
        /// Area under the precision-recall curve of the pixels' relevance (average precision), from 0 to 1.
        #[unit = "1"]
        pub average_precision: Option<f64>,
        /// Why a value of this row is null, in words; null where none is.
        #[unit = "text"]
        pub reason: Option<String>,
    }
}
