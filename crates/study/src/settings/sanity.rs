//! `[sanity]`: explanations of the networks with their upper layers random (Adebayo et al. 2018).

config::settings! {
    /// Which explanations are repeated with the upper layers of the networks random (Adebayo et al. 2018).
    #[derive(Clone, Copy)]
    pub struct Settings {
        /// The first so many images by name, except those that the study drops.
        images: u32 [0..=u32::MAX] = 0;
        /// Into how many steps the way from the output layer down to the input is divided.
        depths: u32 [1..=1000] = 4;
    }
}
