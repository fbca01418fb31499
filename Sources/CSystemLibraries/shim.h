// The allocator's settings; zlib (inflate, crc32), zstd (map compression) and libcrypto (SHA-256), as Debian ships them.
#include <malloc.h>
#include <openssl/evp.h>
#include <zlib.h>
#include <zstd.h>
