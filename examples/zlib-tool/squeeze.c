/* Says how short a text becomes when zlib compresses it. */
#include <stdio.h>
#include <string.h>
#include <zlib.h>

int main(int count, char **words) {
    if (count != 2) {
        fprintf(stderr, "usage: squeeze TEXT\n");
        return 2;
    }
    unsigned char out[4096];
    uLongf length = sizeof out;
    if (compress2(out, &length, (const Bytef *)words[1], strlen(words[1]), 9) != Z_OK) {
        fprintf(stderr, "squeeze: the text is too long\n");
        return 1;
    }
    printf("%zu -> %lu\n", strlen(words[1]), length);
    return 0;
}
