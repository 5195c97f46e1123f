def run(o): raise NotImplementedError
