#include "cascade_proto.h"
