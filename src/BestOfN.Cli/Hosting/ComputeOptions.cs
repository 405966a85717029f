using System.CommandLine;

namespace BestOfN.Cli.Hosting;

/// <summary>The options that say in what and where a model is computed, the same for every command. Each command makes its own.</summary>
internal static class ComputeOptions
{
    public static Option<string> Dtype()
    {
        var type = new Option<string>("--dtype")
        {
            Description = "auto is bfloat16 where the hardware computes in it.",
            DefaultValueFactory = _ => "auto",
        };
        type.AcceptOnlyFromAmong("auto", "float32", "bfloat16");
        return type;
    }

    public static Option<string> Device()
    {
        var device = new Option<string>("--device") { Description = "Where to compute.", DefaultValueFactory = _ => "cpu" };
        device.AcceptOnlyFromAmong("cpu", "cuda");
        return device;
    }
}
