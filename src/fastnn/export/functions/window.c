/* A window that slides over up to three axes; axes that are missing come first, of size 1. */
struct window {
    int input[3], output[3], size[3], stride[3], dilation[3], before[3];
};
