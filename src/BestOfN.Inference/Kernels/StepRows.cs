namespace BestOfN.Inference.Kernels;

/// <summary>
/// How many rows a decode step is computed with: the sequences that run, and rows of no meaning up to the next number of a short list.
/// </summary>
/// <remarks>
/// oneDNN compiles a kernel for every number of rows, and on some processors adds up in another order for another number. With a short list
/// all of its numbers can be tried when a model is loaded, and few kernels are kept. Every number up to 8 is on the list; above, it goes up
/// in steps of a quarter of the last power of two, so that at most a fifth of the rows is of no meaning.
/// </remarks>
internal static class StepRows
{
    private const int Each = 8;

    /// <summary>The number on the list that is not less than this one.</summary>
    public static int For(int sequences)
    {
        var step = 1;
        while (sequences > Each * step)
        {
            step *= 2;
        }

        return (sequences + step - 1) / step * step;
    }

    /// <summary>All numbers on the list that steps of so many sequences at most need.</summary>
    public static IEnumerable<int> UpTo(int sequences)
    {
        for (var rows = 1; rows < For(sequences); rows = For(rows + 1))
        {
            yield return rows;
        }

        yield return For(sequences);
    }
}
