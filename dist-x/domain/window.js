export {};
//# sourceMappingURL=window.js.map