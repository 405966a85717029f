using static TorchSharp.torch;

namespace BestOfN.Inference.Kernels;

/// <summary>Tries whether a row of a product is the same to the last bit in every number of rows that a step may have.</summary>
/// <remarks>
/// Which order oneDNN adds in depends on the processor, on the sizes and on the number of rows, and is documented nowhere; so it is tried.
/// Kernels are chosen by sizes alone, never by contents, so one random row stands for all, and one weight for all of its size.
/// </remarks>
/// <param name="sequences">The most that decode together.</param>
internal sealed class StepTrials(int sequences)
{
    private readonly Dictionary<(ScalarType, int, int, int), bool> _known = [];

    public bool IsExact(ScalarType type, int outputs, int inputs, int fewRows, PrepackedWeight weight)
    {
        if (!_known.TryGetValue((type, outputs, inputs, fewRows), out var isExact))
        {
            isExact = Try(weight, type, inputs);
            _known.Add((type, outputs, inputs, fewRows), isExact);
        }

        return isExact;
    }

    private bool Try(PrepackedWeight weight, ScalarType type, int inputs)
    {
        using var scope = NewDisposeScope();
        using var random = new Generator(17);
        var row = randn([1, inputs], generator: random).to(type);
        var plain = weight.Linear(row, null);

        // Adding the negated result exposes the order of summation even after rounding to bfloat16.
        var rest = weight.LinearAdd(row, null, plain.neg());
        return StepRows.UpTo(sequences).All(rows =>
        {
            using var inner = NewDisposeScope();
            var many = row.expand(rows, inputs).contiguous();
            var negative = plain.neg().expand(rows, plain.size(1)).contiguous();
            return weight.Linear(many, null).eq(plain).all().item<bool>()
                && weight.LinearAdd(many, null, negative).eq(rest).all().item<bool>();
        });
    }
}
