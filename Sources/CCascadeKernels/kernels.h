// What the source files of this target share.
#pragma once

#include "cascade_kernels.h"

extern const csk_kernels csk_generic;
#if defined(__x86_64__)
extern const csk_kernels csk_avx2;
extern const csk_kernels csk_avx512;
#endif
