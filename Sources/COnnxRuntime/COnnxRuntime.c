#include "COnnxRuntime.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The table of functions is append-only: what stands at an index stays there. These are in it since the interface's
// version 12; version 14 is asked for.
enum {
  API_VERSION = 14,

  GET_ERROR_MESSAGE = 2,
  CREATE_ENV = 3,
  CREATE_SESSION_FROM_ARRAY = 8,
  RUN = 9,
  CREATE_SESSION_OPTIONS = 10,
  SET_SESSION_EXECUTION_MODE = 13,
  SET_SESSION_GRAPH_OPTIMIZATION_LEVEL = 23,
  SET_INTRA_OP_NUM_THREADS = 24,
  SET_INTER_OP_NUM_THREADS = 25,
  CREATE_TENSOR_WITH_DATA = 49,
  CREATE_CPU_MEMORY_INFO = 69,
  RELEASE_ENV = 92,
  RELEASE_STATUS = 93,
  RELEASE_MEMORY_INFO = 94,
  RELEASE_SESSION = 95,
  RELEASE_VALUE = 96,
  RELEASE_SESSION_OPTIONS = 100,
  GET_AVAILABLE_PROVIDERS = 125,
  RELEASE_AVAILABLE_PROVIDERS = 126,
  APPEND_TENSORRT = 170,
  CREATE_TENSORRT_OPTIONS = 171,
  RELEASE_TENSORRT_OPTIONS = 174,
  APPEND_CUDA = 204,
  CREATE_CUDA_OPTIONS = 205,
  RELEASE_CUDA_OPTIONS = 208,
  APPEND_PROVIDER = 216,
};

// Values of the interface's enumerations.
enum { LOG_FATAL = 4, SEQUENTIAL = 0, ALL_OPTIMIZATIONS = 99, ARENA_ALLOCATOR = 1, MEMORY_DEFAULT = 0, FLOAT32 = 1 };

// Its opaque objects are all void here: the functions' signatures tell them apart.
typedef void Status;

typedef struct {
  const void *(*get_api)(uint32_t version);
  const char *(*get_version)(void);
} ApiBase;

typedef const char *(*GetErrorMessage)(const Status *);
typedef Status *(*CreateEnv)(int level, const char *name, void **env);
typedef Status *(*CreateSessionFromArray)(const void *env, const void *model, size_t, const void *options, void **);
typedef Status *(*Run)(
    void *session, const void *run_options, const char *const *input_names, const void *const *inputs, size_t,
    const char *const *output_names, size_t, void **outputs);
typedef Status *(*CreateObject)(void **);
typedef Status *(*SetInteger)(void *options, int);
typedef Status *(*CreateTensorWithData)(
    const void *memory, void *data, size_t bytes, const int64_t *shape, size_t rank, int type, void **);
typedef Status *(*CreateCpuMemoryInfo)(int allocator, int memory, void **);
typedef void (*Release)(void *);
typedef Status *(*GetAvailableProviders)(char ***names, int *count);
typedef Status *(*ReleaseAvailableProviders)(char **names, int count);
typedef Status *(*AppendWithOptions)(void *options, const void *provider_options);
typedef Status *(*AppendProvider)(
    void *options, const char *name, const char *const *keys, const char *const *values, size_t count);

struct COnnxRuntimeSession {
  const void *api;
  void *env;
  void *session;
  void *memory;
};

// The function at an index, as one of the types above.
#define CALL(api, type, index) ((type)((void *const *)(api))[index])

static void say(char *message, size_t capacity, const char *text) {
  snprintf(message, capacity, "%s", text ? text : "unknown error");
}

// Frees `status` and copies what it says.
static int32_t checked(const void *api, Status *status, char *message, size_t capacity) {
  if (!status) return CONNXRUNTIME_OK;
  say(message, capacity, CALL(api, GetErrorMessage, GET_ERROR_MESSAGE)(status));
  CALL(api, Release, RELEASE_STATUS)(status);
  return CONNXRUNTIME_REFUSED;
}

int32_t connxruntime_load(const char *name, const void **api, char *message, size_t capacity) {
  *api = NULL;
  void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    say(message, capacity, dlerror());
    return CONNXRUNTIME_NOT_LOADED;
  }
  const ApiBase *(*base)(void) = (const ApiBase *(*)(void))dlsym(library, "OrtGetApiBase");
  if (!base) {
    say(message, capacity, "no symbol OrtGetApiBase");
    dlclose(library);
    return CONNXRUNTIME_FOREIGN;
  }
  // Asked for the version first: an old library prints where it is asked for a table that it lacks.
  const char *version = base()->get_version();
  say(message, capacity, version);
  int major = 0, minor = 0;
  if (sscanf(version, "%d.%d", &major, &minor) != 2 || major < 1 || (major == 1 && minor < API_VERSION))
    return CONNXRUNTIME_TOO_OLD;
  *api = base()->get_api(API_VERSION);
  return *api ? CONNXRUNTIME_OK : CONNXRUNTIME_TOO_OLD;
}

int32_t connxruntime_providers(const void *api, char *message, size_t capacity) {
  char **names = NULL;
  int count = 0;
  int32_t code = checked(
      api, CALL(api, GetAvailableProviders, GET_AVAILABLE_PROVIDERS)(&names, &count), message, capacity);
  if (code != CONNXRUNTIME_OK) return code;
  size_t length = 0;
  if (capacity > 0) message[0] = 0;
  for (int i = 0; i < count && length < capacity; i++) {
    int written = snprintf(message + length, capacity - length, "%s%s", i ? ", " : "", names[i]);
    if (written < 0) break;
    length += (size_t)written;
  }
  Status *status = CALL(api, ReleaseAvailableProviders, RELEASE_AVAILABLE_PROVIDERS)(names, count);
  if (status) CALL(api, Release, RELEASE_STATUS)(status);
  return CONNXRUNTIME_OK;
}

// Appends a provider whose options are an object of its own, with their defaults.
static Status *append_with_options(const void *api, void *options, int create, int append, int release) {
  void *provider_options = NULL;
  Status *status = CALL(api, CreateObject, create)(&provider_options);
  if (status) return status;
  status = CALL(api, AppendWithOptions, append)(options, provider_options);
  CALL(api, Release, release)(provider_options);
  return status;
}

static Status *append_provider(const void *api, void *options, const char *provider) {
  if (strcmp(provider, "cuda") == 0)
    return append_with_options(api, options, CREATE_CUDA_OPTIONS, APPEND_CUDA, RELEASE_CUDA_OPTIONS);
  if (strcmp(provider, "tensorrt") == 0)
    return append_with_options(api, options, CREATE_TENSORRT_OPTIONS, APPEND_TENSORRT, RELEASE_TENSORRT_OPTIONS);
  return CALL(api, AppendProvider, APPEND_PROVIDER)(options, provider, NULL, NULL, 0);
}

static Status *configure(const void *api, void *options, int32_t threads, const char *provider) {
  Status *status = CALL(api, SetInteger, SET_SESSION_EXECUTION_MODE)(options, SEQUENTIAL);
  if (!status) status = CALL(api, SetInteger, SET_SESSION_GRAPH_OPTIMIZATION_LEVEL)(options, ALL_OPTIMIZATIONS);
  if (!status) status = CALL(api, SetInteger, SET_INTRA_OP_NUM_THREADS)(options, threads);
  if (!status) status = CALL(api, SetInteger, SET_INTER_OP_NUM_THREADS)(options, 1);
  if (!status && provider) status = append_provider(api, options, provider);
  return status;
}

int32_t connxruntime_session_open(
    const void *api, const void *model, size_t size, int32_t threads, const char *provider,
    COnnxRuntimeSession **session, char *message, size_t capacity) {
  *session = NULL;
  COnnxRuntimeSession *made = calloc(1, sizeof *made);
  if (!made) {
    say(message, capacity, "out of memory");
    return CONNXRUNTIME_REFUSED;
  }
  made->api = api;
  void *options = NULL;
  // What goes wrong comes back as a status; its own log would stand between the lines of ours.
  Status *status = CALL(api, CreateEnv, CREATE_ENV)(LOG_FATAL, "submit", &made->env);
  if (!status) status = CALL(api, CreateObject, CREATE_SESSION_OPTIONS)(&options);
  if (!status) status = configure(api, options, threads, provider);
  if (!status)
    status = CALL(api, CreateSessionFromArray, CREATE_SESSION_FROM_ARRAY)(
        made->env, model, size, options, &made->session);
  if (!status)
    status = CALL(api, CreateCpuMemoryInfo, CREATE_CPU_MEMORY_INFO)(ARENA_ALLOCATOR, MEMORY_DEFAULT, &made->memory);
  if (options) CALL(api, Release, RELEASE_SESSION_OPTIONS)(options);
  int32_t code = checked(api, status, message, capacity);
  if (code == CONNXRUNTIME_OK)
    *session = made;
  else
    connxruntime_session_close(made);
  return code;
}

// A tensor over the caller's memory.
static Status *tensor(const COnnxRuntimeSession *session, void *data, const int64_t shape[4], void **value) {
  size_t bytes = sizeof(float) * (size_t)shape[0] * (size_t)shape[1] * (size_t)shape[2] * (size_t)shape[3];
  return CALL(session->api, CreateTensorWithData, CREATE_TENSOR_WITH_DATA)(
      session->memory, data, bytes, shape, 4, FLOAT32, value);
}

int32_t connxruntime_session_run(
    COnnxRuntimeSession *session, const char *input_name, const float *input, const int64_t input_shape[4],
    const char *output_name, float *output, const int64_t output_shape[4], char *message, size_t capacity) {
  const void *api = session->api;
  void *source = NULL, *result = NULL;
  // The interface has no tensor over constant memory; inputs are not written.
  Status *status = tensor(session, (void *)input, input_shape, &source);
  if (!status) status = tensor(session, output, output_shape, &result);
  if (!status) {
    const void *const sources[] = {source};
    status = CALL(api, Run, RUN)(session->session, NULL, &input_name, sources, 1, &output_name, 1, &result);
  }
  if (source) CALL(api, Release, RELEASE_VALUE)(source);
  if (result) CALL(api, Release, RELEASE_VALUE)(result);
  return checked(api, status, message, capacity);
}

void connxruntime_session_close(COnnxRuntimeSession *session) {
  if (!session) return;
  if (session->memory) CALL(session->api, Release, RELEASE_MEMORY_INFO)(session->memory);
  if (session->session) CALL(session->api, Release, RELEASE_SESSION)(session->session);
  if (session->env) CALL(session->api, Release, RELEASE_ENV)(session->env);
  free(session);
}
