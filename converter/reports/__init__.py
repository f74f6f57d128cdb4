"""What pruning and quantization did to a network, for people and for programs.

    report.py    measured and gathered; as JSON and CSV
    page.py      as one HTML file
"""
