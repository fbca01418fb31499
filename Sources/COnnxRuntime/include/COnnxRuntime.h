// ONNX Runtime through its C interface, loaded when it is asked for; nothing is linked.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What a call answers; all but CONNXRUNTIME_OK come with a message.
enum {
  CONNXRUNTIME_OK = 0,
  // The loader found no such library, or refused the file.
  CONNXRUNTIME_NOT_LOADED = 1,
  // A library, but not ONNX Runtime.
  CONNXRUNTIME_FOREIGN = 2,
  // Older than 1.14; the message is its version.
  CONNXRUNTIME_TOO_OLD = 3,
  // ONNX Runtime refused.
  CONNXRUNTIME_REFUSED = 4,
};

// A model ready to run.
typedef struct COnnxRuntimeSession COnnxRuntimeSession;

// Loads the library that the system's loader finds under `name`, for the life of the process. `api` receives its
// table of functions, `message` (`capacity` bytes, 0-terminated) its version, or the reason where it answers another
// code.
int32_t connxruntime_load(const char *name, const void **api, char *message, size_t capacity);

// The execution providers that the library was built with, by comma.
int32_t connxruntime_providers(const void *api, char *message, size_t capacity);

// Opens the ONNX model of `size` bytes, which are free to go afterwards.
//
// threads:  threads within an operator, at least 1; operators run one after another.
// provider: "cuda", "tensorrt", another provider's own name, or NULL for the processor.
int32_t connxruntime_session_open(
    const void *api, const void *model, size_t size, int32_t threads, const char *provider,
    COnnxRuntimeSession **session, char *message, size_t capacity);

// Runs a model of one Float32 input and one Float32 output, (N,C,H,W) both, in the caller's memory.
int32_t connxruntime_session_run(
    COnnxRuntimeSession *session, const char *input_name, const float *input, const int64_t input_shape[4],
    const char *output_name, float *output, const int64_t output_shape[4], char *message, size_t capacity);

// Closes a session; NULL is allowed.
void connxruntime_session_close(COnnxRuntimeSession *session);

#ifdef __cplusplus
}
#endif
