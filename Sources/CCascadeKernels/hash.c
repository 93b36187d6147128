// BLAKE3, written from its specification; see include/cascade_kernels.h.
//
// A message is cut into chunks of 1,024 bytes, a chunk into blocks of 64. A chunk's chaining value is made block by
// block; chaining values are joined in pairs, level by level, an odd one going up as it is. Chunks do not depend on
// each other, nor do the pairs of a level, so as many are computed together as a register has lanes.

#include "kernels.h"

// Vectors wider than the target's registers are passed to inlined functions only, so there is no ABI to change.
#pragma clang diagnostic ignored "-Wpsabi"

enum { BLOCK = 64, CHUNK = 1024, VALUE = CSK_HASH_BYTES, PART_CHUNKS = CSK_HASH_PART / CHUNK };
enum { CHUNK_START = 1, CHUNK_END = 2, PARENT = 4, ROOT = 8 };

static const uint32_t initial[8] = {0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
                                    0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};

// Which word of a block each round takes where: the specification's permutation, applied once more each round.
static const uint8_t schedule[7][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8},
    {3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1}, {10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6},
    {12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4}, {9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7},
    {11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13},
};

// What is hashed beside each other: lane l's bytes start at data + l * stride, its blocks count `blocks`, the last of
// them `last` bytes with zeros behind. Chunks are numbered from `counter` on; parents all have 0.
typedef struct {
    const uint8_t *data;
    size_t stride;
    size_t blocks;
    uint32_t last;
    uint64_t counter;
    bool counts;
    uint32_t flags;
    uint32_t first_flag;
    uint32_t last_flag;
} hash_input;

// Keeps the compiler from rearranging a rotation by whole bytes into two (a third of the speed).
#if defined(__x86_64__)
#define HASH_KEEP(V) __asm__("" : "+x"(V))
#else
#define HASH_KEEP(V) ((void)0)
#endif

#define HASH_FREE(V) ((void)0)

#define HASH_ROTATE(V, BITS) (V) = (V) >> BITS | (V) << (32 - BITS)

// Half a mix of four columns (TURN 0) or diagonals (TURN 1), step by step: their chains of operations do not meet, so
// the processor overlaps them.
#define HASH_HALF(KEEP, TURN, WORDS, OFFSET, FIRST, SECOND)                                                            \
    _Pragma("clang loop unroll(full)") for (size_t i = 0; i < 4; i++) {                                                \
        s[i] += s[4 + (i + TURN) % 4] + m[(WORDS)[2 * i + OFFSET]];                                                    \
        s[12 + (i + 3 * TURN) % 4] ^= s[i];                                                                            \
        KEEP(s[12 + (i + 3 * TURN) % 4]);                                                                              \
        HASH_ROTATE(s[12 + (i + 3 * TURN) % 4], FIRST);                                                                \
    }                                                                                                                  \
    _Pragma("clang loop unroll(full)") for (size_t i = 0; i < 4; i++) {                                                \
        s[8 + (i + 2 * TURN) % 4] += s[12 + (i + 3 * TURN) % 4];                                                       \
        s[4 + (i + TURN) % 4] ^= s[8 + (i + 2 * TURN) % 4];                                                            \
        HASH_ROTATE(s[4 + (i + TURN) % 4], SECOND);                                                                    \
    }

#define HASH_MIX(KEEP, TURN, WORDS)                                                                                    \
    HASH_HALF(KEEP, TURN, WORDS, 0, 16, 12)                                                                            \
    HASH_HALF(KEEP, TURN, WORDS, 1, 8, 7)

// Defines NAME, which writes the chaining values of LANES inputs one behind the other. LOW and HIGH interleave halves
// of two vectors: done log2(LANES) times it turns rows of words into one vector for each word.
#define HASH_LANES(NAME, LANES, LOW, HIGH, KEEP, ATTRIBUTES)                                                           \
    typedef uint32_t NAME##_vec __attribute__((vector_size(4 * LANES)));                                               \
    ATTRIBUTES static void NAME(const hash_input *in, uint8_t *out) {                                                  \
        NAME##_vec h[8], s[16], m[16], low = {0}, high = {0};                                                          \
        for (size_t lane = 0; lane < LANES; lane++) {                                                                  \
            const uint64_t counter = in->counter + (in->counts ? lane : 0);                                            \
            low[lane] = (uint32_t)counter;                                                                             \
            high[lane] = (uint32_t)(counter >> 32);                                                                    \
        }                                                                                                              \
        for (size_t i = 0; i < 8; i++) {                                                                               \
            h[i] = initial[i] - (NAME##_vec){0};                                                                       \
        }                                                                                                              \
        for (size_t block = 0; block < in->blocks; block++) {                                                          \
            const bool ends = block + 1 == in->blocks;                                                                 \
            _Pragma("clang loop unroll(full)") for (size_t word = 0; word < 16; word += LANES) {                       \
                _Pragma("clang loop unroll(full)") for (size_t lane = 0; lane < LANES; lane++) {                       \
                    __builtin_memcpy(&m[word + lane], in->data + lane * in->stride + block * BLOCK + 4 * word,         \
                                     sizeof m[0]);                                                                     \
                }                                                                                                      \
                _Pragma("clang loop unroll(full)") for (size_t step = 1; step < LANES; step *= 2) {                    \
                    NAME##_vec t[LANES];                                                                               \
                    _Pragma("clang loop unroll(full)") for (size_t i = 0; i < LANES / 2; i++) {                        \
                        t[2 * i] = LOW(m[word + i], m[word + LANES / 2 + i]);                                          \
                        t[2 * i + 1] = HIGH(m[word + i], m[word + LANES / 2 + i]);                                     \
                    }                                                                                                  \
                    _Pragma("clang loop unroll(full)") for (size_t i = 0; i < LANES; i++) {                            \
                        m[word + i] = t[i];                                                                            \
                    }                                                                                                  \
                }                                                                                                      \
            }                                                                                                          \
            for (size_t i = 0; i < 8; i++) {                                                                           \
                s[i] = h[i];                                                                                           \
            }                                                                                                          \
            for (size_t i = 0; i < 4; i++) {                                                                           \
                s[8 + i] = initial[i] - (NAME##_vec){0};                                                               \
            }                                                                                                          \
            s[12] = low;                                                                                               \
            s[13] = high;                                                                                              \
            s[14] = (ends ? in->last : (uint32_t)BLOCK) - (NAME##_vec){0};                                             \
            s[15] = (in->flags | (block == 0 ? in->first_flag : 0) | (ends ? in->last_flag : 0)) - (NAME##_vec){0};    \
            _Pragma("clang loop unroll(full)") for (size_t round = 0; round < 7; round++) {                            \
                HASH_MIX(KEEP, 0, schedule[round])                                                                     \
                HASH_MIX(KEEP, 1, schedule[round] + 8)                                                                 \
            }                                                                                                          \
            for (size_t i = 0; i < 8; i++) {                                                                           \
                h[i] = s[i] ^ s[8 + i];                                                                                \
            }                                                                                                          \
        }                                                                                                              \
        for (size_t lane = 0; lane < LANES; lane++) {                                                                  \
            for (size_t i = 0; i < 8; i++) {                                                                           \
                const uint32_t value = h[i][lane];                                                                     \
                __builtin_memcpy(out + lane * VALUE + 4 * i, &value, 4);                                               \
            }                                                                                                          \
        }                                                                                                              \
    }

#define LOW_1(A, B) (A)
#define HIGH_1(A, B) (B)
#define LOW_4(A, B) __builtin_shufflevector(A, B, 0, 4, 1, 5)
#define HIGH_4(A, B) __builtin_shufflevector(A, B, 2, 6, 3, 7)
#define LOW_8(A, B) __builtin_shufflevector(A, B, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH_8(A, B) __builtin_shufflevector(A, B, 4, 12, 5, 13, 6, 14, 7, 15)

HASH_LANES(hash_1, 1, LOW_1, HIGH_1, HASH_FREE, )
HASH_LANES(hash_4, 4, LOW_4, HIGH_4, HASH_KEEP, )
#if defined(__x86_64__)
HASH_LANES(hash_8, 8, LOW_8, HIGH_8, HASH_KEEP, __attribute__((target("avx2"))))
#else
HASH_LANES(hash_8, 8, LOW_8, HIGH_8, HASH_KEEP, )
#endif

size_t csk_hash_lanes(const char *name) {
    const csk_kernels *set = csk_select(name);
    return !set ? 0 : set == &csk_generic ? 4 : 8;
}

// Hashes `count` inputs, at most `most` at a time.
static void hash_many(size_t most, hash_input in, size_t count, uint8_t *out) {
    while (count > 0) {
        size_t lanes = 1;
        if (count >= 8 && most == 8) {
            lanes = 8;
            hash_8(&in, out);
        } else if (count >= 4) {
            lanes = 4;
            hash_4(&in, out);
        } else {
            hash_1(&in, out);
        }
        in.data += lanes * in.stride;
        in.counter += in.counts ? lanes : 0;
        out += lanes * VALUE;
        count -= lanes;
    }
}

// Joins `count` (1 or more) chaining values, in place, to one; with `is_whole` the last pair is the root's.
static void join(size_t most, uint8_t *values, size_t count, bool is_whole) {
    while (count > 1) {
        hash_input in = {.data = values, .stride = BLOCK, .blocks = 1, .last = BLOCK, .flags = PARENT};
        if (is_whole && count == 2) {
            in.flags |= ROOT;
        }
        // A pair's result goes where an earlier pair was, or this one: those bytes have been read.
        hash_many(most, in, count / 2, values);
        if (count % 2) {
            __builtin_memmove(values + count / 2 * VALUE, values + (count - 1) * VALUE, VALUE);
        }
        count = (count + 1) / 2;
    }
}

void csk_hash_part(size_t most, const void *data, size_t bytes, uint64_t index, bool is_whole, uint8_t *out) {
    uint8_t values[PART_CHUNKS * VALUE];
    const uint8_t *start = data;
    const size_t chunks = bytes == 0 ? 1 : (bytes + CHUNK - 1) / CHUNK;
    // The last chunk may be short, and alone it is the root.
    const size_t full = bytes % CHUNK == 0 && bytes > 0 && chunks > 1 ? chunks : chunks - 1;
    hash_input in = {
        .data = start,
        .stride = CHUNK,
        .blocks = CHUNK / BLOCK,
        .last = BLOCK,
        .counter = index * PART_CHUNKS,
        .counts = true,
        .first_flag = CHUNK_START,
        .last_flag = CHUNK_END,
    };
    hash_many(most, in, full, values);
    if (full < chunks) {
        uint8_t last[CHUNK] = {0};
        const size_t rest = bytes - full * CHUNK;
        __builtin_memcpy(last, start + full * CHUNK, rest);
        in.data = last;
        in.blocks = rest == 0 ? 1 : (rest + BLOCK - 1) / BLOCK;
        in.last = (uint32_t)(rest - (in.blocks - 1) * BLOCK);
        in.counter += full;
        in.last_flag |= is_whole && chunks == 1 ? ROOT : 0;
        hash_1(&in, values + full * VALUE);
    }
    join(most, values, chunks, is_whole);
    __builtin_memcpy(out, values, VALUE);
}

void csk_hash_join(size_t most, uint8_t *values, size_t count) {
    join(most, values, count, true);
}
