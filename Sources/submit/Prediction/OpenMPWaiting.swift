import Glibc

/// How OpenMP's workers wait for each other between the network's steps.
///
/// libgomp's spin: on cores that have other work they burn the time of whom they wait for, and the network takes up to
/// four times as long as with workers that sleep; on free cores the two are equal. libgomp reads its setting before
/// `main`, so this process starts itself once more with it.
enum OpenMPWaiting {
    /// Starts `submit` anew with sleeping workers, unless the environment says how they wait.
    static func sleep() {
        guard getenv("OMP_WAIT_POLICY") == nil, getenv("GOMP_SPINCOUNT") == nil else { return }
        setenv("OMP_WAIT_POLICY", "passive", 1)
        // Where this fails, such as without /proc, the workers spin.
        execv("/proc/self/exe", CommandLine.unsafeArgv)
    }
}
