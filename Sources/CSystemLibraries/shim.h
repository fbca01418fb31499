// The allocator's settings; zlib (inflate, crc32), zstd (map compression), libcrypto (SHA-256) and xxHash, as
// Debian ships them.
#include <malloc.h>
#include <openssl/evp.h>
#include <xxhash.h>
#include <zlib.h>
#include <zstd.h>
