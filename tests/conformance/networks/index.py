"""The networks that MindSpore Lite's users know by name, and which module here defines each. One row a network."""
from __future__ import annotations

MODULES: dict[str, str] = {
    "CRNN": "crnn",
    "DenseNet121": "densenet121",
    "DS-CNN": "ds_cnn",
    "InceptionV3": "inception_v3",
    "LeNet": "lenet",
    "MobileNetV2": "mobilenet_v2",
    "ResNet101": "resnet101",
    "ResNet152": "resnet152",
    "ResNet18": "resnet18",
    "ResNet50": "resnet50",
    "SqueezeNet": "squeezenet",
    "TinyBert": "tiny_bert",
    "VGG16": "vgg16",
    "YOLOv3-DarkNet53": "yolov3_darknet53",
}
