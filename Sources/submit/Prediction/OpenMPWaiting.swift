import Glibc

/// How OpenMP's workers wait for each other between the network's steps.
///
/// libgomp's spin: on cores that have other work they burn the time of whom they wait for, and the network takes up to
/// four times as long. Workers that sleep at once have to be woken at each of a hundred and more steps an image. So
/// they spin for some microseconds, and then sleep. libgomp reads its setting before `main`, and OpenBLAS, which is
/// called from one thread each, makes threads of its own before `main` too: this process starts itself once more with
/// both settings.
enum OpenMPWaiting {
    /// Starts `submit` anew with workers that spin briefly, unless the environment says how they wait.
    static func spinBriefly() {
        guard getenv("OMP_WAIT_POLICY") == nil, getenv("GOMP_SPINCOUNT") == nil else { return }
        setenv("GOMP_SPINCOUNT", "10000", 1)
        setenv("OPENBLAS_NUM_THREADS", "1", 0)
        // Where this fails, such as without /proc, the workers spin for long.
        execv("/proc/self/exe", CommandLine.unsafeArgv)
    }
}
