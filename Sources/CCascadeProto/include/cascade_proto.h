// The messages of Protos/cascade/v1 as protobuf-c makes them. Only CascadeWire imports this.
#pragma once

#include "../generated/envelope.pb-c.h"
#include "../generated/journal.pb-c.h"

// The schema, for code that walks it: Swift cannot take the address of a C global.
const ProtobufCMessageDescriptor *cascade_envelope_descriptor(void);
