//! Table `exclusions`: what the study leaves out.

crate::table! {
    /// An image that was dropped from the study, or a method that cannot explain an image, and why.
    #[table = "exclusions"]
    #[keys(image)]
    pub struct Exclusion {
        /// Why it was left out, in words.
        #[unit = "text"]
        pub reason: String,
        /// The network that gave the reason; null where no network did.
        #[unit = "name"]
        pub network: Option<String>,
        /// Label of the class that the network predicted; null without a network.
        #[unit = "name"]
        pub predicted_label: Option<String>,
        /// Label of the true class; null where it is not known.
        #[unit = "name"]
        pub true_label: Option<String>,
        /// The partition on which a method was left out; null where the image was dropped.
        #[unit = "name"]
        pub partition: Option<String>,
        /// The method that was left out; null where the image was dropped.
        #[unit = "name"]
        pub method: Option<String>,
    }
}
