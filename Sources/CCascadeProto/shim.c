#include "cascade_proto.h"

const ProtobufCMessageDescriptor *cascade_envelope_descriptor(void) {
    return &cascade__v1__envelope__descriptor;
}
