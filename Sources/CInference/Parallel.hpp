// A parallel loop on libgomp's workers, the ones that oneDNN uses. `-fopenmp` does not link under Swift's clang, so
// the entry point is declared by hand.
#pragma once

#include <atomic>
#include <cfenv>
#include <cstdint>

extern "C" void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
extern "C" void omp_set_num_threads(int threads);
extern "C" int omp_get_thread_num(void);

namespace cinference {

/// Calls `body(i)` for each i below `count`; indices are handed out one by one, so `body` must not care for order.
template <typename Body>
void parallel(int threads, int64_t count, const Body &body) {
    if (threads <= 1 || count <= 1) {
        for (int64_t i = 0; i < count; ++i) body(i);
        return;
    }
    struct Shared {
        const Body &body;
        int64_t count;
        std::atomic<int64_t> next{0};
    } shared{body, count};
    GOMP_parallel(
        [](void *data) {
            auto &shared = *static_cast<Shared *>(data);
            for (int64_t i; (i = shared.next.fetch_add(1, std::memory_order_relaxed)) < shared.count;) shared.body(i);
        },
        &shared, static_cast<unsigned>(threads < count ? threads : count), 0);
}

/// Which of the threads of a `parallel` loop the caller is.
inline int threadIndex() { return omp_get_thread_num(); }

/// Calls `body` once on each of the `threads` threads that steps run on.
template <typename Body>
void onEachThread(int threads, const Body &body) {
    GOMP_parallel([](void *data) { (*static_cast<const Body *>(data))(); }, const_cast<Body *>(&body), unsigned(threads), 0);
}

/// Forgets the floating-point exceptions that the threads have seen.
inline void clearOverflow(int threads) {
    onEachThread(threads, [] { std::feclearexcept(FE_OVERFLOW | FE_INVALID); });
}

/// Whether a finite number became an infinity, or something no number, on one of the threads since `clearOverflow`.
inline bool hasOverflowed(int threads) {
    std::atomic<bool> raised{false};
    onEachThread(threads, [&] {
        if (std::fetestexcept(FE_OVERFLOW | FE_INVALID)) raised = true;
    });
    return raised;
}

}  // namespace cinference
