"""What can be concluded from finished runs: one method a file, tables in, tables and sentences out.

Every method takes ``runs`` (columns ``scenario, sample, replicate`` and one column an output), most also
``samples`` (column ``sample`` and one column an uncertainty). A *future* is one sample: one draw of all
uncertainties. The same sample and replicate has the same luck in every scenario. Each file has a function
``in_words`` that says its result in sentences.
"""
