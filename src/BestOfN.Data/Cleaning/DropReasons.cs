using System.Text.Json;

namespace BestOfN.Data.Cleaning;

/// <summary>A set of reasons in one number: a corpus has millions of records.</summary>
internal readonly record struct DropReasons(int Bits)
{
    private static readonly DropReason[] s_all = Enum.GetValues<DropReason>();
    private static readonly string[] s_names = [.. s_all.Select(reason => JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString()))];

    public bool IsEmpty => Bits == 0;

    public DropReasons With(DropReason reason) => new(Bits | (1 << (int)reason));

    public bool Has(DropReason reason) => (Bits & (1 << (int)reason)) != 0;

    public IEnumerable<string> Names()
    {
        foreach (var reason in s_all)
        {
            if (Has(reason))
            {
                yield return s_names[(int)reason];
            }
        }
    }
}
