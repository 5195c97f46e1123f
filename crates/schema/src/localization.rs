//! Table `localization`: explanations beside the mask of the object.

crate::table! {
    /// An explanation as a picture in which each pixel has the relevance of its superpixel, beside the mask of the object.
    #[table = "localization"]
    #[keys(image, network, partition, method, run)]
    #[nulls = reason]
    pub struct Localization {
        /// Share of the crop's pixels inside the mask, from 0 to 1: what a random picture has as `pointing`, `relevance_inside` and `average_precision`;
        /// null without a mask.
        #[unit = "fraction of pixels"]
        #[range(0 ..= 1)]
        #[heading = "Mask"]
        pub mask_area: Option<f64>,
        /// Pointing game: share of the pixels of highest relevance that are inside the mask, from 0 to 1.
        #[unit = "fraction of pixels"]
        #[range(0 ..= 1)]
        #[better = higher]
        #[question = "the most relevant pixels lie in the object (pointing game)"]
        #[heading = "Pointing game"]
        pub pointing: Option<f64>,
        /// Share of the positive relevance, summed over pixels, that is inside the mask, from 0 to 1.
        #[unit = "1"]
        #[range(0 ..= 1)]
        #[better = higher]
        #[heading = "Positive relevance inside"]
        pub relevance_inside: Option<f64>,
        /// Intersection over union of the mask and as many pixels of highest relevance as it has, equally relevant ones in equal parts: from 0 to 1.
        #[unit = "1"]
        #[range(0 ..= 1)]
        #[better = higher]
        pub intersection_over_union: Option<f64>,
        /// Area under the precision-recall curve of the pixels' relevance (average precision), from 0 to 1.
        #[unit = "1"]
        #[range(0 ..= 1)]
        #[better = higher]
        #[question = "relevance finds the object (average precision)"]
        pub average_precision: Option<f64>,
    }
}
