# cython: language_level=3
"""AES-GCM for SRTP (RFC 7714, NIST SP 800-38D): one key, whole packets in place, a 12-byte IV and a 16-byte tag.

Intel's multi-buffer library (libipsec-mb) where setup.py found it and the processor has AES and carry-less
multiplication, else libcrypto. libcrypto's EVP calls look parameters up by name for every packet and its GCM
before 3.1 knows no wide AES: 1,150 bytes cost 0.48 µs there and 0.14 µs here (docs/decisions/0025).
"""
from libc.stdint cimport uint8_t

cdef extern from *:
    """
    #ifndef VTP_GCM_H
    #define VTP_GCM_H
    #ifndef OPENSSL_SUPPRESS_DEPRECATED            /* for sha1.pxd, which may come after */
    #define OPENSSL_SUPPRESS_DEPRECATED
    #endif
    #include <openssl/crypto.h>
    #include <openssl/evp.h>
    #include <pthread.h>
    #include <stddef.h>
    #include <stdint.h>
    #include <stdlib.h>
    #include <string.h>

    enum { VTP_GCM_TAG = 16 };

    #ifdef VTP_IPSEC_MB
    #define NO_COMPAT_IMB_API_053                  /* no macros named SHA1 or DES */
    #include <intel-ipsec-mb.h>

    static IMB_MGR *vtp_gcm_found;                 /* the processor's functions; constant once found */
    static pthread_once_t vtp_gcm_once = PTHREAD_ONCE_INIT;

    static void vtp_gcm_look(void) {
        const uint64_t needed = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ;
        IMB_ARCH chosen = IMB_ARCH_NONE;
        IMB_MGR *manager = alloc_mb_mgr(0);
        if (manager == NULL) return;
        init_mb_mgr_auto(manager, &chosen);
        if (chosen != IMB_ARCH_NONE && (manager->features & needed) == needed) vtp_gcm_found = manager;
        else free_mb_mgr(manager);
    }
    static IMB_MGR *vtp_gcm_manager(void) {
        pthread_once(&vtp_gcm_once, vtp_gcm_look);
        return vtp_gcm_found;
    }
    #endif

    typedef struct {
        EVP_CIPHER_CTX *context;                   /* libcrypto's; NULL when the other library does it */
        int wide;                                  /* the key has 256 bits */
    #ifdef VTP_IPSEC_MB
        struct gcm_key_data key __attribute__((aligned(64)));   /* its functions store aligned words */
    #endif
    } vtp_gcm;

    static void vtp_gcm_free(vtp_gcm *gcm) {
        if (gcm == NULL) return;
        EVP_CIPHER_CTX_free(gcm->context);         /* wipes its key itself */
    #ifdef VTP_IPSEC_MB
        if (gcm->context == NULL) OPENSSL_cleanse(&gcm->key, sizeof gcm->key);
    #endif
        free(gcm);
    }

    /* A key of 16 or 32 bytes for one direction; `portable` keeps to libcrypto. NULL when a library fails. */
    static vtp_gcm *vtp_gcm_new(const uint8_t *key, int length, int encrypt, int portable) {
        vtp_gcm *gcm;
        void *room = NULL;
    #ifdef VTP_IPSEC_MB
        IMB_MGR *manager = portable ? NULL : vtp_gcm_manager();
        size_t size = manager ? sizeof(vtp_gcm) : offsetof(vtp_gcm, key);
    #else
        size_t size = sizeof(vtp_gcm);
        (void)portable;
    #endif
        if (posix_memalign(&room, 64, size) != 0) return NULL;
        memset(room, 0, size);
        gcm = (vtp_gcm *)room;
        gcm->wide = length == 32;
    #ifdef VTP_IPSEC_MB
        if (manager != NULL) {
            if (gcm->wide) IMB_AES256_GCM_PRE(manager, key, &gcm->key);
            else IMB_AES128_GCM_PRE(manager, key, &gcm->key);
            return gcm;
        }
    #endif
        gcm->context = EVP_CIPHER_CTX_new();
        if (gcm->context == NULL || !EVP_CipherInit_ex(gcm->context, gcm->wide ? EVP_aes_256_gcm() : EVP_aes_128_gcm(),
                                                       NULL, key, NULL, encrypt)) {
            EVP_CIPHER_CTX_free(gcm->context);
            free(gcm);
            return NULL;
        }
        return gcm;
    }

    /* Encrypts `data` in place and writes the tag: 1, or 0 when libcrypto fails. */
    static inline int vtp_gcm_seal(vtp_gcm *gcm, const uint8_t *iv, const uint8_t *aad, int aad_length,
                                   uint8_t *data, int length, uint8_t *tag) {
        EVP_CIPHER_CTX *context = gcm->context;
        uint8_t none[16];
        int done = 0;
    #ifdef VTP_IPSEC_MB
        struct gcm_context_data scratch;
        if (context == NULL) {
            if (gcm->wide) IMB_AES256_GCM_ENC(vtp_gcm_found, &gcm->key, &scratch, data, data, (uint64_t)length, iv,
                                              aad, (uint64_t)aad_length, tag, VTP_GCM_TAG);
            else IMB_AES128_GCM_ENC(vtp_gcm_found, &gcm->key, &scratch, data, data, (uint64_t)length, iv,
                                    aad, (uint64_t)aad_length, tag, VTP_GCM_TAG);
            return 1;
        }
    #endif
        return EVP_CipherInit_ex(context, NULL, NULL, NULL, iv, -1)
            && EVP_CipherUpdate(context, NULL, &done, aad, aad_length)
            && (length == 0 || EVP_CipherUpdate(context, data, &done, data, length))
            && EVP_CipherFinal_ex(context, none, &done)
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, VTP_GCM_TAG, tag);
    }

    /* Decrypts `data` in place: 1, 0 when the tag is wrong (data is then garbage), -1 when libcrypto fails. */
    static inline int vtp_gcm_open(vtp_gcm *gcm, const uint8_t *iv, const uint8_t *aad, int aad_length,
                                   uint8_t *data, int length, uint8_t *tag) {
        EVP_CIPHER_CTX *context = gcm->context;
        uint8_t none[16];
        int done = 0;
    #ifdef VTP_IPSEC_MB
        struct gcm_context_data scratch;
        if (context == NULL) {
            if (gcm->wide) IMB_AES256_GCM_DEC(vtp_gcm_found, &gcm->key, &scratch, data, data, (uint64_t)length, iv,
                                              aad, (uint64_t)aad_length, none, VTP_GCM_TAG);
            else IMB_AES128_GCM_DEC(vtp_gcm_found, &gcm->key, &scratch, data, data, (uint64_t)length, iv,
                                    aad, (uint64_t)aad_length, none, VTP_GCM_TAG);
            return CRYPTO_memcmp(none, tag, VTP_GCM_TAG) == 0;
        }
    #endif
        if (!EVP_CipherInit_ex(context, NULL, NULL, NULL, iv, -1)
                || !EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, VTP_GCM_TAG, tag)
                || !EVP_CipherUpdate(context, NULL, &done, aad, aad_length)
                || (length != 0 && !EVP_CipherUpdate(context, data, &done, data, length)))
            return -1;
        return EVP_CipherFinal_ex(context, none, &done) > 0;
    }

    /* Which library a key is in. */
    static inline int vtp_gcm_is_portable(const vtp_gcm *gcm) { return gcm->context != NULL; }
    #endif
    """
    ctypedef struct vtp_gcm:
        pass
    vtp_gcm* vtp_gcm_new(const uint8_t* key, int length, int encrypt, int portable) nogil
    void vtp_gcm_free(vtp_gcm* gcm) nogil
    int vtp_gcm_seal(vtp_gcm* gcm, const uint8_t* iv, const uint8_t* aad, int aad_length, uint8_t* data, int length,
                     uint8_t* tag) nogil
    int vtp_gcm_open(vtp_gcm* gcm, const uint8_t* iv, const uint8_t* aad, int aad_length, uint8_t* data, int length,
                     uint8_t* tag) nogil
    int vtp_gcm_is_portable(const vtp_gcm* gcm) nogil
