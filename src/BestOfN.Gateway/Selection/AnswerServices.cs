using BestOfN.Gateway.Selection.Attachments;

namespace BestOfN.Gateway.Selection;

internal static class AnswerServices
{
    /// <summary>What turns requests into plans and selections into answers.</summary>
    public static void AddAnswers(this IServiceCollection services)
    {
        services.AddSingleton<AttachmentReader>();
        services.AddSingleton<RequestPlanner>();
        services.AddSingleton<AnswerWriter>();
    }
}
