using BestOfN.Inference.Networks;
using static TorchSharp.torch;

namespace BestOfN.Inference.Generation;

/// <summary>
/// A decode step over several cohorts whose rows stand one behind the other. Rows behind the last have no meaning and get zeros.
/// </summary>
internal sealed class CohortsAttention(IReadOnlyList<Cohort> cohorts) : IAttention
{
    public Tensor? Attend(int layer, Tensor? q, Tensor k, Tensor v)
    {
        if (cohorts.Count == 1 && cohorts[0].Sequences.Count == q!.size(0))
        {
            return cohorts[0].Attend(layer, q, k, v);
        }

        using var scope = NewDisposeScope();
        var parts = new List<Tensor>();
        var start = 0;
        foreach (var cohort in cohorts)
        {
            var rows = cohort.Sequences.Count;
            parts.Add(cohort.Attend(layer, q!.narrow(0, start, rows), k.narrow(0, start, rows), v.narrow(0, start, rows)));
            start += rows;
        }

        if (q!.size(0) > start)
        {
            parts.Add(zeros([q.size(0) - start, q.size(1), q.size(2)], q.dtype, q.device));
        }

        return cat(parts, 0).MoveToOuterDisposeScope();
    }
}
