using TorchSharp;

namespace BestOfN.Inference.Weights;

/// <summary>Element types as safetensors names them.</summary>
internal static class ElementTypes
{
    private static readonly (string Name, torch.ScalarType Type, int Size)[] s_all =
    [
        ("F64", torch.ScalarType.Float64, 8), ("F32", torch.ScalarType.Float32, 4),
        ("BF16", torch.ScalarType.BFloat16, 2), ("F16", torch.ScalarType.Float16, 2),
        ("I64", torch.ScalarType.Int64, 8), ("I32", torch.ScalarType.Int32, 4),
        ("I16", torch.ScalarType.Int16, 2), ("I8", torch.ScalarType.Int8, 1),
        ("U8", torch.ScalarType.Byte, 1), ("BOOL", torch.ScalarType.Bool, 1),
    ];

    /// <summary>The type of that name, or null where it is none that is read.</summary>
    public static torch.ScalarType? Parse(string? name) =>
        Array.FindIndex(s_all, t => t.Name == name) is var i and >= 0 ? s_all[i].Type : null;

    public static string NameOf(torch.ScalarType type) => Array.Find(s_all, t => t.Type == type).Name;

    /// <summary>Bytes of one element.</summary>
    public static int SizeOf(torch.ScalarType type) => Array.Find(s_all, t => t.Type == type).Size;

    public static bool IsFloatingPoint(torch.ScalarType type) =>
        type is torch.ScalarType.Float64 or torch.ScalarType.Float32 or torch.ScalarType.BFloat16 or torch.ScalarType.Float16;
}
