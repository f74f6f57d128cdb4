"""What pruning and quantization did to a network, for people and for programs.

    explain.py   measured
    report.py    what there is to say
    page.py      as one HTML file
    formats.py   as the text of a file: HTML, JSON, CSV
"""
