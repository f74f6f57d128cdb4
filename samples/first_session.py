import numpy as np

import converter
import lite

model = converter.convert("samples/digits/digits.mindir")  # the bytes of a .ms file
held_out = np.load("samples/digits/heldout.npz")  # images that training never saw, pixels 0..16
with lite.Session(model) as session:
    print(*session.inputs, "->", *session.outputs)
    for image, label in zip(held_out["images"][3:8], held_out["labels"][3:8], strict=True):
        logits = session.run(np.float32(image / 16).reshape(1, 1, 8, 8))
        print(f"a {label} is read as {logits.argmax()}")
