#include "cascade_kernels.h"
