# cython: language_level=3
"""HMAC-SHA1 with the key's two hash states kept, so that a message costs no allocation and no lookup.

RFC 2104. STUN's MESSAGE-INTEGRITY and SRTP's HMAC-SHA1-80 use it. libcrypto's low-level SHA-1 is deprecated
in favour of EVP, whose contexts live on the heap and fetch algorithms by name; it is the right tool here.
"""
from libc.stddef cimport size_t
from libc.stdint cimport uint8_t
from libc.string cimport memset

cdef extern from *:
    """
    #ifndef OPENSSL_SUPPRESS_DEPRECATED
    #define OPENSSL_SUPPRESS_DEPRECATED
    #endif
    #include <openssl/sha.h>
    #include <openssl/crypto.h>
    """
    ctypedef struct SHA_CTX:
        pass
    int SHA1_Init(SHA_CTX* context) nogil
    int SHA1_Update(SHA_CTX* context, const void* data, size_t length) nogil
    int SHA1_Final(unsigned char* digest, SHA_CTX* context) nogil
    int CRYPTO_memcmp(const void* a, const void* b, size_t length) nogil
    void OPENSSL_cleanse(void* data, size_t length) nogil


cdef enum:
    SHA1_BYTES = 20
    SHA1_BLOCK_BYTES = 64


cdef struct HmacSha1:
    SHA_CTX inner  # after the key's inner pad
    SHA_CTX outer  # after the key's outer pad


cdef inline void hmac_sha1_set_key(HmacSha1* mac, const uint8_t* key, size_t length) noexcept nogil:
    """Prepare both states for a key of any length, RFC 2104 section 2."""
    cdef uint8_t pad[64]
    cdef SHA_CTX hasher
    cdef int i
    memset(pad, 0, SHA1_BLOCK_BYTES)
    if length > SHA1_BLOCK_BYTES:
        SHA1_Init(&hasher)
        SHA1_Update(&hasher, key, length)
        SHA1_Final(pad, &hasher)
    else:
        for i in range(<int> length):
            pad[i] = key[i]
    for i in range(SHA1_BLOCK_BYTES):
        pad[i] ^= 0x36
    SHA1_Init(&mac.inner)
    SHA1_Update(&mac.inner, pad, SHA1_BLOCK_BYTES)
    for i in range(SHA1_BLOCK_BYTES):
        pad[i] ^= 0x36 ^ 0x5C
    SHA1_Init(&mac.outer)
    SHA1_Update(&mac.outer, pad, SHA1_BLOCK_BYTES)
    OPENSSL_cleanse(pad, SHA1_BLOCK_BYTES)


cdef inline void hmac_sha1_finish(const HmacSha1* mac, SHA_CTX* message, uint8_t* digest) noexcept nogil:
    """The 20-byte digest of a message hashed into a copy of mac.inner."""
    cdef SHA_CTX outer = mac.outer
    SHA1_Final(digest, message)
    SHA1_Update(&outer, digest, SHA1_BYTES)
    SHA1_Final(digest, &outer)


cdef inline void hmac_sha1(
        const HmacSha1* mac, const uint8_t* first, size_t first_len,
        const uint8_t* second, size_t second_len, uint8_t* digest) noexcept nogil:
    """The 20-byte digest of first followed by second (which may be empty)."""
    cdef SHA_CTX message = mac.inner
    SHA1_Update(&message, first, first_len)
    if second_len:
        SHA1_Update(&message, second, second_len)
    hmac_sha1_finish(mac, &message, digest)
