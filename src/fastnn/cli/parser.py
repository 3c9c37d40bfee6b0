"""The arguments of every command; nothing here imports more than argparse."""

import argparse

from fastnn.cli.errors import UserError

MODEL = "a model file, or the folder of a run"
DATA = "CSV, .npy, .npz, IDX, a folder of MNIST or of images; or digits, which ship with fastnn"


class _Parser(argparse.ArgumentParser):
    def __init__(self, **options):
        super().__init__(**options, allow_abbrev=False)

    def error(self, message):
        raise UserError(f"{message} (see {self.prog} --help)")


class _Version(argparse.Action):
    """Print the version, which only then is imported."""

    def __init__(self, *names, **options):
        super().__init__(*names, nargs=0, **options)

    def __call__(self, parser, *_):
        import fastnn

        print(f"fastnn {fastnn.__version__}")
        parser.exit()


def whole_number(minimum, maximum):
    """Return what turns text into an integer within these bounds."""

    def convert(text):
        try:
            number = int(text)
        except ValueError:
            number = None
        if number is None or not minimum <= number <= maximum:
            raise argparse.ArgumentTypeError(
                f"expected a whole number from {minimum} to {maximum}, got {text!r}"
            )
        return number

    return convert


def positive(text):
    """Turn text into a finite number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return number


def make_parser():
    """Return the parser of `fastnn`; every command sets `module` and `run`, a function of it."""
    parser = _Parser(prog="fastnn", description="Neural networks on CPUs.")
    parser.add_argument("--version", action=_Version, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_train(commands)
    _add_predicting(commands)
    _add_inspecting(commands)
    _add_demo(commands)
    return parser


def _command(commands, name, module, run, text):
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    command.set_defaults(module=module, run=run)
    return command


def _add_train(commands):
    train = _command(commands, "train", "train", "run", "train a network, and keep all of the run")
    count = whole_number(1, 10**6)
    train.add_argument("data", nargs="?", metavar="DATA", help=DATA)
    train.add_argument("--config", metavar="FILE", help="repeat the run of a config.toml")
    train.add_argument("--resume", metavar="DIR", help="go on with a run that was interrupted")

    group = train.add_argument_group("the data")
    group.add_argument("--target", metavar="NAME", help="column, or member, with the labels")
    group.add_argument("--labels", metavar="FILE", help="labels of an .npy or IDX file")
    group.add_argument("--size", type=count, metavar="N", help="resize images to N x N")
    group.add_argument(
        "--validation",
        metavar="SHARE|PATH",
        help="a share to set aside (0.2; 0 if the data bring a part to test with), or other data",
    )

    group = train.add_argument_group("the network")
    group.add_argument(
        "--model", metavar="NAME|FILE.toml", help="mlp, cnn, lenet, resnet, or a file of layers"
    )
    group.add_argument("--loss", metavar="NAME", help="chosen from the labels by default")
    group.add_argument("--seed", type=whole_number(0, 2**63 - 1), metavar="N", help="default: 0")

    group = train.add_argument_group("training")
    group.add_argument("--epochs", type=count, metavar="N", help="default: 20")
    group.add_argument("--batch-size", type=count, metavar="N", help="default: 32")
    group.add_argument(
        "--gradient-accumulation-steps",
        type=whole_number(1, 16384),
        metavar="K",
        help="batches that make one update together; default: 1",
    )
    group.add_argument(
        "--optimizer", metavar="NAME[:SETTING=…,…]", help="sgd:momentum=0.9; default: adam"
    )
    group.add_argument("--lr", type=positive, metavar="RATE", help="that of the optimizer")
    group.add_argument(
        "--schedule", metavar="NAME[:…]", help="cosine, one_cycle, linear_warmup:500+cosine, …"
    )
    group.add_argument(
        "--augment", action="append", metavar="NAME[:…]", help="flip, rotate:10, …; repeat it"
    )
    group.add_argument("--metrics", metavar="NAME,…", help="accuracy,f1; mae,rmse,r2; …")
    group.add_argument(
        "--early-stopping",
        nargs="?",
        const=5,
        type=count,
        metavar="PATIENCE",
        help="end when validation has not improved for so many epochs (5), keep the best",
    )

    group = train.add_argument_group("the run")
    group.add_argument("--out", metavar="DIR", help="its folder; runs/NAME by default")
    group.add_argument("--force", action="store_true", help="replace a run that is there")
    group.add_argument(
        "--checkpoint-every",
        metavar="N|SECONDSs",
        help="besides every epoch, after so many batches (500) or seconds (30s)",
    )
    group.add_argument("--threads", type=whole_number(1, 1024), metavar="N")
    group.add_argument("--quiet", action="store_true", help="no progress, only the result")
    group.add_argument("--json", action="store_true", help="the result as JSON")
    group.add_argument("--output", metavar="PATH", help="train digits: only the model, here")


def _add_predicting(commands):
    text = "loss and metrics of a model, and a table of classes"
    evaluate = _command(commands, "eval", "predicting", "evaluate", text)
    predict = _command(
        commands, "predict", "predicting", "predict", "predict with a model, one line a sample"
    )
    text = "look at activations, gradients and updates of every layer"
    diagnose = _command(commands, "diagnose", "inspecting", "diagnose", text)
    for command in (evaluate, predict, diagnose):
        command.add_argument("model", metavar="MODEL", help=MODEL)
        command.add_argument("data", metavar="DATA", help=DATA)
        command.add_argument("--target", metavar="NAME", help="column, or member, with the labels")
        command.add_argument("--labels", metavar="FILE", help="labels of an .npy or IDX file")
        command.add_argument("--threads", type=whole_number(1, 1024), metavar="N")
        command.add_argument("--json", action="store_true", help="the result as JSON")
    evaluate.add_argument("--metrics", metavar="NAME,…", help="accuracy,f1; mae,rmse,r2; …")
    predict.add_argument("--proba", action="store_true", help="probabilities instead of labels")
    predict.add_argument(
        "--out",
        "--output",
        dest="output",
        metavar="FILE",
        help="write a .csv file, or else an .npy file, instead of lines",
    )


def _add_inspecting(commands):
    text = "what this build runs on, or what a model consists of"
    info = _command(commands, "info", "inspecting", "info", text)
    info.add_argument("model", nargs="?", metavar="MODEL", help=MODEL)
    info.add_argument("--json", action="store_true", help="the result as JSON")

    text = "check a model against plain Python loops"
    verify = _command(commands, "verify", "inspecting", "verify", text)
    verify.add_argument("model", metavar="MODEL", help=MODEL)
    verify.add_argument("data", nargs="?", metavar="DATA", help=DATA + "; random by default")
    verify.add_argument("--target", metavar="NAME", help="column, or member, with the labels")
    verify.add_argument("--labels", metavar="FILE", help="labels of an .npy or IDX file")
    verify.add_argument("--rows", type=whole_number(1, 1024), default=4, metavar="N")
    verify.add_argument("--quiet", action="store_true", help="no progress, only the result")
    verify.add_argument("--json", action="store_true", help="the result as JSON")

    export = _command(commands, "export", "inspecting", "export", "write a model as one file of C")
    export.add_argument("model", metavar="MODEL", help=MODEL)
    export.add_argument("--c", required=True, metavar="FILE.c", help="where to")
    export.add_argument("--name", default="model", metavar="NAME", help="what its names begin with")

    text = "what this machine reaches: its peak, kernels, training steps; some seconds"
    bench = _command(commands, "bench", "bench", "run", text)
    bench.add_argument("--threads", type=whole_number(1, 1024), metavar="N")
    bench.add_argument("--json", action="store_true", help="the result as JSON")


def _add_demo(commands):
    text = "show what networks do, and why: some lines and a picture each"
    demo = _command(commands, "demo", "demo", "run", text)
    demo.add_argument("names", nargs="*", metavar="NAME", help="of a demo; all for every one")
    demo.add_argument("--list", action="store_true", help="show the names, and what each is about")
    demo.add_argument("--out", default=".", metavar="DIR", help="where to put NAME.png; default: .")
    demo.add_argument("--quiet", action="store_true", help="no progress, only the result")
    demo.add_argument("--json", action="store_true", help="text and numbers as JSON")
