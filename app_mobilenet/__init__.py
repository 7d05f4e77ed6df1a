"""MobileNet v2 in 8-bit integers: what is in a picture, among the things of ImageNet or among plants."""
