// A plan: its steps, its memory, the oneDNN engine and stream that they share.
#pragma once

#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

#include "CInference.h"
#include "Kernels.hpp"

namespace cinference {

/// A step that this library or this machine's oneDNN cannot do; the planner may try another way.
struct Unsupported : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Memory on 2 MiB pages where it fills some; not initialised.
class Buffer {
public:
    Buffer() = default;
    explicit Buffer(int64_t bytes);
    Buffer(const float *values, int64_t count) : Buffer(count * int64_t(sizeof(float))) {
        std::memcpy(data(), values, sizeof(float) * size_t(count));
    }
    char *data() const { return static_cast<char *>(memory.get()); }
    float *floats() const { return static_cast<float *>(memory.get()); }
    int64_t bytes() const { return size; }

private:
    struct Free {
        void operator()(void *p) const { std::free(p); }
    };
    std::unique_ptr<void, Free> memory;
    int64_t size = 0;
};

/// All of a map.
inline Region whole(const CInferenceTensor &map) { return {{0, map.height}, {0, map.width}}; }

/// What a step sees while it runs.
struct Run {
    char *spaces[3];
    const CInferencePlace *places;
    char *scratch;
    int threads;
    dnnl::stream &stream;
    /// Of the step's result, what it computes.
    Region region{};

    void *at(const CInferenceTensor &t) const { return spaces[places[t.index].space] + places[t.index].offset; }
};

/// A convolution's weights as a kernel wants them; those of our own are a row of bytes to oneDNN.
struct Weights {
    Buffer memory;
    dnnl::memory::desc layout;

    bool operator==(const Weights &other) const {
        return layout == other.layout && !std::memcmp(memory.data(), other.memory.data(), layout.get_size());
    }
};

/// Memory that plans share: what they use in turn, as large as the largest of them wants, and equal weights.
struct Arena {
    /// What one image's maps stand in while a plan runs.
    struct Space {
        Buffer memory;
        /// The plan that used it last.
        const CInferencePlan *user = nullptr;
        bool isTaken = false;
    };

    /// `count` spaces for the largest plan yet, of `bytes` bytes or more.
    void reserve(int64_t bytes, int count);
    /// Gives the spaces' memory back.
    void release() { spaces.clear(); }
    /// Waits for a space that nobody uses.
    Space &take();
    void giveBack(Space &space);
    int64_t bytes() const;

    /// `made`, or equal weights that a plan has already.
    std::shared_ptr<const Weights> keep(Weights made);
    /// The same of weights of our own, the first `bytes` of `made`.
    std::shared_ptr<const Weights> keep(Buffer made, int64_t bytes) {
        return keep({std::move(made), dnnl::memory::desc({bytes}, dnnl::memory::data_type::u8, dnnl::memory::format_tag::a)});
    }

private:
    int64_t wanted = 0;
    std::vector<Space> spaces;
    std::mutex mutex;
    std::condition_variable returned;
    std::vector<std::weak_ptr<const Weights>> weights;
};

/// A map that a step reads, upsampled by `factor`: for a pixel of its result a window of `kernel` x `kernel`; all of it
/// where that is 0.
struct Reading {
    CInferenceTensor map;
    int kernel = 1, stride = 1, padTop = 0, padLeft = 0, factor = 1;
};

/// What regions of its result a step computes without waste: multiples of so many columns and rows. None but all of it
/// where they are 0.
struct RegionUnit {
    int columns = 0, rows = 0;
};

struct Step {
    std::string implementation;
    std::vector<Reading> reads;
    CInferenceTensor result;
    virtual ~Step() = default;
    virtual RegionUnit regionUnit() const { return {}; }
    /// May be called for several images at once.
    virtual void execute(const Run &run) = 0;
    /// Bytes of scratchpad that `execute` needs.
    virtual size_t scratchBytes() const { return 0; }
    virtual int64_t weightBytes() const { return 0; }
};

/// Runs `body`; exceptions become an error code and a message.
template <typename Body>
int32_t guarded(CInferenceMessage *message, const Body &body) {
    auto fail = [&](int32_t code, const char *text) {
        if (message) {
            std::strncpy(message->text, text, sizeof message->text - 1);
            message->text[sizeof message->text - 1] = 0;
        }
        return code;
    };
    try {
        body();
        return CInferenceDone;
    } catch (const Unsupported &error) {
        return fail(CInferenceUnsupported, error.what());
    } catch (const dnnl::error &error) {
        return fail(error.status == dnnl_unimplemented ? CInferenceUnsupported : CInferenceFailed, error.what());
    } catch (const std::exception &error) {
        return fail(CInferenceFailed, error.what());
    } catch (...) {
        return fail(CInferenceFailed, "unknown C++ exception");
    }
}

/// The kernels for a map's element type; throws where this machine has none.
const Kernels &kernelsFor(const CInferenceTensor &map);

std::unique_ptr<Step> makeConvolution(const CInferenceConvolution &step, const CInferencePlan &plan);
/// Whether our own kernels do a convolution better than oneDNN's.
bool isPointwise(const CInferenceConvolution &step);
std::unique_ptr<Step> makePointwise(const CInferenceConvolution &step, const CInferencePlan &plan);
/// Whether Winograd's algorithm does it better still; told by shape, as all that results depend on.
bool isWinograd(const CInferenceConvolution &step);
std::unique_ptr<Step> makeWinograd(const CInferenceConvolution &step, const CInferencePlan &plan);
/// Whether our own kernels do a convolution of the image.
bool isImage(const CInferenceConvolution &step);
std::unique_ptr<Step> makeImage(const CInferenceConvolution &step, const CInferencePlan &plan);
std::unique_ptr<Step> makeQuantizedWinograd(const CInferenceConvolution &step, const CInferencePlan &plan);
std::unique_ptr<Step> makeQuantizedConvolution(const CInferenceConvolution &step, const CInferencePlan &plan);
std::unique_ptr<Step> makeQuantizedDepthwise(const CInferenceDepthwise &step, const CInferencePlan &plan);
std::unique_ptr<Step> makeQuantizedExpandedDepthwise(const CInferenceExpandedDepthwise &step, const CInferencePlan &plan);
std::unique_ptr<Step> makeDepthwise(const CInferenceDepthwise &step, const CInferencePlan &plan);
std::unique_ptr<Step> makeExpandedDepthwise(const CInferenceExpandedDepthwise &step, const CInferencePlan &plan);
std::unique_ptr<Step> makeMapStep(const CInferenceMapStep &step);
std::unique_ptr<Step> makeTapSum(const CInferenceTapSum &step, const CInferencePlan &plan);
std::unique_ptr<Step> makeQuantizedTapSum(const CInferenceTapSum &step, const CInferencePlan &plan);

}  // namespace cinference

namespace cinference {
class Margins;
}

struct CInferencePlan {
    CInferencePlan(int threads, int streams);
    ~CInferencePlan();

    /// Of one image, and how many images may be computed at once.
    int threads, streams;
    dnnl::engine engine{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream{engine};
    std::vector<std::unique_ptr<cinference::Step>> steps;
    std::vector<CInferencePlace> places;
    std::vector<int64_t> scratch;
    std::shared_ptr<cinference::Arena> arena = std::make_shared<cinference::Arena>();
    int64_t arenaBytes = 0;
    std::unique_ptr<cinference::Margins> margins;
};
