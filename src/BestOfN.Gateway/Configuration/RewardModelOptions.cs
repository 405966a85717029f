using System.ComponentModel.DataAnnotations;

namespace BestOfN.Gateway.Configuration;

/// <summary>One reward model in process.</summary>
public sealed record RewardModelOptions
{
    /// <summary>The folder with config.json, weights and tokenizer; relative to the gateway's own folder.</summary>
    [Required]
    public string Path { get; init; } = "";

    /// <summary>What it computes in; <c>auto</c> is bfloat16 wherever the hardware has it.</summary>
    [RegularExpression("auto|float32|bfloat16", ErrorMessage = "'{0}' must be auto, float32 or bfloat16.")]
    public string Dtype { get; init; } = "auto";

    /// <summary>Where it computes.</summary>
    [RegularExpression(@"cpu|cuda(:\d+)?", ErrorMessage = "'{0}' must be cpu, cuda or cuda:N.")]
    public string Device { get; init; } = "cpu";

    /// <summary>Memory for what was read of prompts, kept for the next answers to the same ones, in bytes. 0 keeps nothing.</summary>
    [Range(0L, 1L << 50)]
    public long PromptCacheBytes { get; init; } = 1L << 30;

    /// <summary>Most tiles into which a picture is cut; null: what the model's folder says (<c>hd_num</c>), else 24.</summary>
    [Range(1, 64)]
    public int? HdNum { get; init; }

    /// <summary>Memory for the vectors of pictures, kept for the next prompts with the same ones, in bytes. 0 keeps nothing.</summary>
    [Range(0L, 1L << 50)]
    public long PictureCacheBytes { get; init; } = 1L << 28;
}
