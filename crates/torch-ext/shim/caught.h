// By C's rules no exception leaves: a fault is a message that the caller frees.

#pragma once

#include <cstring>
#include <exception>

// nullptr where all went well.
template <typename F>
char* caught(F&& work) {
    try {
        work();
        return nullptr;
    } catch (const std::exception& error) {
        return strdup(error.what());
    } catch (...) {
        return strdup("an exception of no known type");
    }
}
