"""From kernel sources to running machine code.

    declared kernels --codegen--> object files --linker--> shared object --artifact--> pack file --cache--> disk
    disk --pack--> KernelPack --workers--> threads

A warm start imports cache, artifact, cpu, pack and workers only; numba and LLVM live in child processes of build.
"""
