//! libtorch's CUDA part, which is opened when the program runs, so that one program serves machines with a GPU and without.

/// Opens `libtorch_cuda.so` where the libtorch beside the program has it; says whether it did. To be called before the first tensor.
///
/// Opening registers the CUDA operations; [`tch::Cuda::is_available`] then tells whether there is a GPU to run them.
#[cfg(unix)]
#[expect(unsafe_code, reason = "dlopen has no safe form")]
pub fn open_cuda() -> bool {
    // SAFETY: the name ends in a zero byte. The library's constructors are those of the libtorch that this program is linked to, which may run
    // at any time; it stays open until the process ends.
    let library = unsafe {
        libc::dlopen(
            c"libtorch_cuda.so".as_ptr(),
            libc::RTLD_NOW | libc::RTLD_GLOBAL,
        )
    };
    !library.is_null()
}

/// There is no CUDA here.
#[cfg(not(unix))]
pub fn open_cuda() -> bool {
    false
}

/// Lets convolutions and products of matrices on a GPU keep 10 bits of each factor (TF32), or forbids it, for the whole process. libtorch lets
/// convolutions do so unless it is told otherwise. False where this libtorch does not have the switches.
#[cfg(unix)]
#[expect(unsafe_code, reason = "tch has no form of these functions")]
pub(crate) fn allow_tf32(allowed: bool) -> bool {
    use std::mem::transmute;
    use std::sync::{Mutex, PoisonError};

    /// What was set last.
    static SET: Mutex<Option<bool>> = Mutex::new(None);
    let mut set = SET.lock().unwrap_or_else(PoisonError::into_inner);
    if *set == Some(allowed) {
        return true;
    }
    let context = function(c"_ZN2at13globalContextEv");
    let convolutions = function(c"_ZN2at7Context17setAllowTF32CuDNNEb");
    let products = function(c"_ZN2at7Context18setAllowTF32CuBLASEb");
    let (Some(context), Some(convolutions), Some(products)) = (context, convolutions, products)
    else {
        return false;
    };
    // SAFETY: the names say that these are at::globalContext(), which gives a reference to an object that lives as long as the process, and two
    // methods of that object that take a bool and, in the pinned libtorch, give nothing. Both compilers pass a reference, `this` and a bool as C
    // does. The methods set a bool each, which no other thread reads meanwhile: a process has one value, which is set before its first network.
    unsafe {
        let context: unsafe extern "C" fn() -> *mut libc::c_void = transmute(context);
        let context = context();
        for setter in [convolutions, products] {
            let setter: unsafe extern "C" fn(*mut libc::c_void, bool) = transmute(setter);
            setter(context, allowed);
        }
    }
    *set = Some(allowed);
    true
}

/// There is no CUDA here.
#[cfg(not(unix))]
pub(crate) fn allow_tf32(_: bool) -> bool {
    false
}

/// A function of the libraries that are loaded.
#[cfg(unix)]
#[expect(unsafe_code, reason = "dlsym has no safe form")]
fn function(name: &std::ffi::CStr) -> Option<*mut libc::c_void> {
    // SAFETY: a `CStr` ends in a zero byte, and dlsym does nothing but look the name up.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    #[expect(unsafe_code, reason = "as above")]
    fn this_libtorch_has_the_switches_of_tf32_and_they_switch() {
        let allowed = || {
            let context = function(c"_ZN2at13globalContextEv").unwrap();
            let products = function(c"_ZNK2at7Context15allowTF32CuBLASEv").unwrap();
            // SAFETY: as in `allow_tf32`; this method takes nothing and gives a bool.
            unsafe {
                let context: unsafe extern "C" fn() -> *mut libc::c_void =
                    std::mem::transmute(context);
                let products: unsafe extern "C" fn(*mut libc::c_void) -> bool =
                    std::mem::transmute(products);
                products(context())
            }
        };
        assert!(allow_tf32(true));
        assert!(allowed());
        assert!(allow_tf32(false));
        assert!(!allowed());
    }
}
